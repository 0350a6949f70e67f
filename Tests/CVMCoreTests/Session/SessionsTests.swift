import Bytes
import CVMCore
import CVMCrypto
import Foundation
import SEV
import Testing

@Suite("sessions by command") struct SessionsTests {
  let desk: Desk
  var prefix: String { desk.scratch.file("s") }
  var platform: TestPlatform { desk.host.platform }

  init() throws { desk = try Desk(allowsSimulated: false) }

  private func create(
    _ source: PlatformSource? = nil, policy: String = "0x3", type: LaunchType? = nil,
    consent: PolicyConsent = PolicyConsent(), prefix: String? = nil
  ) throws -> SessionDescription {
    let source =
      try source
      ?? .files(
        pdh: desk.scratch.write(platform.pdh.serialized(), to: "pdh"), ca: nil, allowsSimulated: false)
    return try desk.core.createSession(
      for: source, policy: policy, type: type, consent: consent, prefix: prefix ?? self.prefix)
  }

  private var isNothingWritten: Bool { !desk.scratch.names.contains { $0.hasPrefix("s_") } }

  private func chain(pdh: SEVCertificate? = nil, ca: CACertificate? = nil, simulated: Bool = true) throws
    -> PlatformSource
  {
    let own = (pdh ?? platform.pdh).serialized()
    let sev = try desk.scratch.write(
      own + platform.pek.serialized() + platform.oca.serialized() + platform.cek.serialized(), to: "sev")
    let ca = try desk.scratch.write((ca ?? platform.ask).serialized() + platform.ark.serialized(), to: "ca")
    return .files(pdh: sev, ca: ca, allowsSimulated: simulated)
  }

  @Test func `are made for a bare PDH, which nobody vouches for`() throws {
    let made = try create()
    #expect(!made.platformVerified && made.policy == "0x00000003")
    let verified = try desk.core.verifySession(prefix: prefix, policy: "0x3", type: nil)
    #expect(verified == made)
  }

  @Test func `are made for a platform whose chain verifies`() throws {
    let made = try create(chain())
    #expect(made.platformVerified && made.simulated)
  }

  @Test func `are made for the host that answers`() throws {
    #expect(try create(.host(allowsSimulated: true)).platformVerified)
    desk.host.platform.pdh = try TestPlatform().pdh
    guard
      case .refused? = refusal({
        _ = try create(.host(allowsSimulated: true), prefix: desk.scratch.file("t"))
      })
    else {
      Issue.record("made for a PDH that the chain does not lead to")
      return
    }
  }

  @Test func `are not made for a simulated platform without consent`() throws {
    switch refusal({ _ = try create(.host(allowsSimulated: false)) }) {
    case .simulated?: break
    case let other: Issue.record("\(String(describing: other))")
    }
    switch refusal({ _ = try create(chain(simulated: false)) }) {
    case .refused(_, let hint)?: #expect(hint?.contains("--allow-simulated") == true)
    case let other: Issue.record("\(String(describing: other))")
    }
    #expect(isNothingWritten)
  }

  @Test func `are not made for a chain that is broken`() throws {
    let other = try TestPlatform()
    for source in [try chain(pdh: other.pdh), try chain(pdh: platform.pek)] {
      guard case .refused? = refusal({ _ = try create(source) }) else {
        Issue.record("made")
        return
      }
    }
    #expect(isNothingWritten)
  }

  @Test func `are not made for a certificate that is no PDH`() throws {
    // A key for another purpose, and a PDH that signs.
    let strange = [
      try TestPlatform.certificate(.pek, .ecdhSHA256, platform.pdhKey),
      try TestPlatform.certificate(.pdh, .ecdsaSHA256, platform.pdhKey),
    ]
    for certificate in [platform.pek, platform.oca, platform.cek] + strange {
      let path = try desk.scratch.write(certificate.serialized(), to: "pdh")
      guard case .refused? = refusal({ _ = try create(.files(pdh: path, ca: nil, allowsSimulated: true)) })
      else {
        Issue.record("made")
        return
      }
    }
    for bytes in [
      [], [1], Array(repeating: UInt8(0xFF), count: 2084), Array(platform.pdh.serialized().dropLast()),
    ] {
      let path = try desk.scratch.write(bytes, to: "pdh")
      #expect(refusal { _ = try create(.files(pdh: path, ca: nil, allowsSimulated: true)) } != nil)
    }
    #expect(isNothingWritten)
  }

  @Test func `take the PDH out of a whole chain`() throws {
    guard case .files(let sev, _, _) = try chain() else { return }
    #expect(try !create(.files(pdh: sev, ca: nil, allowsSimulated: false)).platformVerified)
    #expect(try desk.core.verifySession(prefix: prefix, policy: "0x3", type: nil).policy == "0x00000003")
  }

  @Test(arguments: [
    ("0x2", PolicyConsent()), ("0x1", PolicyConsent()), ("0x0", PolicyConsent(debug: true)),
    ("0x43", PolicyConsent(debug: true, keySharing: true)),
  ])
  func `are not made for what nobody consented to`(_ policy: String, _ consent: PolicyConsent) throws {
    guard case .policy? = refusal({ _ = try create(policy: policy, consent: consent) }) else {
      Issue.record("made")
      return
    }
    #expect(isNothingWritten)
    _ = try create(policy: "0x0", consent: PolicyConsent(debug: true, keySharing: true))
  }

  @Test func `are of one type, and SEV-SNP has none`() throws {
    guard case .usage? = refusal({ _ = try create(policy: "default") }) else {
      Issue.record("of which type?")
      return
    }
    #expect(try create(policy: "default", type: .sevES).policy == "0x00000007")
    for (policy, type) in [("default", LaunchType.sevSNP), ("0x30000", nil)] {
      guard case .unsupported? = refusal({ _ = try create(policy: policy, type: type) }) else {
        Issue.record("made for \(policy)")
        return
      }
    }
  }

  @Test func `are verified with their keys only`() throws {
    _ = try create()
    for (policy, type) in [("0x7", nil), ("default", LaunchType.sevES), ("0xb", nil)] {
      guard
        case .refused? = refusal({
          _ = try desk.core.verifySession(prefix: prefix, policy: policy, type: type)
        })
      else {
        Issue.record("verified for \(policy)")
        return
      }
    }
    for part in ["_tek.bin", "_tik.bin"] { try FileManager.default.removeItem(atPath: prefix + part) }
    guard
      case .file(_, .missing)? = refusal({
        _ = try desk.core.verifySession(prefix: prefix, policy: "0x3", type: nil)
      })
    else {
      Issue.record("verified without keys")
      return
    }
  }
}
