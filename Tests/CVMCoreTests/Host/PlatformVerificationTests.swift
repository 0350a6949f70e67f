import Bytes
import CVMCore
import SEV
import Testing

@Suite("the verdict on a platform's certificates") struct PlatformVerificationTests {
  let scratch: Scratch
  let platform: TestPlatform

  init() throws {
    scratch = try Scratch()
    platform = try TestPlatform()
  }

  private func verify(
    pdh: SEVCertificate? = nil, pek: SEVCertificate? = nil, oca: SEVCertificate? = nil,
    cek: SEVCertificate? = nil,
    ask: CACertificate? = nil, ark: CACertificate? = nil, root: String? = nil, simulated: Bool = true
  ) throws -> PlatformVerification {
    let sev = [pdh ?? platform.pdh, pek ?? platform.pek, oca ?? platform.oca, cek ?? platform.cek]
    return try PlatformVerification.verify(
      sevFile: scratch.write(sev.flatMap { $0.serialized() }, to: "sev"),
      caFile: scratch.write(
        (ask ?? platform.ask).serialized() + (ark ?? platform.ark).serialized(), to: "ca"),
      trustRoot: root, allowsSimulated: simulated)
  }

  private func failures(_ verification: PlatformVerification) -> [String] {
    verification.checks.filter { $0.result == "fail" }.map(\.id)
  }

  @Test func `accepts a simulation that was asked for, and calls it one`() throws {
    let verification = try verify()
    #expect(verification.accepted && verification.simulated && verification.refusal == nil)
    #expect(verification.product == nil && failures(verification).isEmpty)
    #expect(verification.checks.allSatisfy { $0.simulated })
  }

  @Test func `refuses a simulation that was not asked for, with the way to ask`() throws {
    let verification = try verify(simulated: false)
    #expect(!verification.accepted && verification.simulated && failures(verification) == ["root.ark"])
    guard case .refused(let text, let hint)? = verification.refusal else {
      Issue.record("no refusal")
      return
    }
    #expect(text.contains("root.ark") && hint?.contains("--allow-simulated") == true)
  }

  @Test func `accepts an operator's own root by its very file, and no other`() throws {
    let own = try TestPlatform(arkID: Array("our own root 001".utf8), askID: Array("our own key 0001".utf8))
    let scratch = scratch
    func verify(_ root: CACertificate?, simulated: Bool = false) throws -> PlatformVerification {
      let sev = [own.pdh, own.pek, own.oca, own.cek].flatMap { $0.serialized() }
      return try PlatformVerification.verify(
        sevFile: scratch.write(sev, to: "sev"),
        caFile: scratch.write(own.ask.serialized() + own.ark.serialized(), to: "ca"),
        trustRoot: root.map { try scratch.write($0.serialized(), to: "root") }, allowsSimulated: simulated)
    }
    let accepted = try verify(own.ark)
    #expect(accepted.accepted && !accepted.simulated)
    for refused in [
      try verify(own.ask), try verify(nil), try verify(nil, simulated: true),
      try verify(platform.ark, simulated: true),
    ] {
      #expect(!refused.accepted && failures(refused) == ["root.ark"] && refused.refusal != nil)
    }
  }

  @Test func `a simulated root is no operator's root`() throws {
    let root = try scratch.write(platform.ark.serialized(), to: "root")
    #expect(try !verify(root: root, simulated: false).accepted)
  }

  @Test func `names the link that does not hold`() throws {
    let other = try TestPlatform()
    let cases: [(PlatformVerification, [String])] = [
      (try verify(pdh: other.pdh), ["signature.pdh"]),
      (try verify(pek: other.pek), ["signature.pek.oca", "signature.pek.cek", "signature.pdh"]),
      (try verify(oca: other.oca), ["signature.pek.oca"]),
      (try verify(cek: other.cek), ["signature.pek.cek"]),
      (try verify(cek: platform.hostCEK), ["signature.cek"]), (try verify(pdh: platform.pek), ["format.pdh"]),
      (try verify(ask: platform.ark), ["format.ask"]),
    ]
    for (verification, expected) in cases {
      #expect(Set(expected).isSubset(of: failures(verification)), "\(expected): \(failures(verification))")
      guard !verification.accepted, case .refused(let text, _)? = verification.refusal else {
        Issue.record("accepted without \(expected)")
        continue
      }
      #expect(text.contains(failures(verification)[0]))
    }
  }

  @Test func `of an unsigned CEK says how to get a signed one`() throws {
    guard case .refused(_, let hint)? = try verify(cek: platform.hostCEK).refusal else {
      Issue.record("accepted")
      return
    }
    #expect(hint?.contains("host certs import") == true)
  }

  @Test(arguments: [0, 1, 2084, 8335, 8337])
  func `is not given on a file of another size`(_ size: Int) throws {
    let good = [platform.pdh, platform.pek, platform.oca, platform.cek].flatMap { $0.serialized() }
    let sev = try scratch.write(Array((good + good).prefix(size)), to: "sev")
    let ca = try scratch.write(platform.ask.serialized() + platform.ark.serialized(), to: "ca")
    guard
      case .malformedBytes(let source, _)? = refusal({
        _ = try PlatformVerification.verify(sevFile: sev, caFile: ca, trustRoot: nil, allowsSimulated: true)
      })
    else {
      Issue.record("given")
      return
    }
    #expect(source == sev)
  }
}
