import CVMCore
import Foundation
import SEV
import Testing

@Suite("a host's certificates") struct HostCertificatesTests {
  let desk: Desk
  var platform: TestPlatform { desk.host.platform }

  init() throws {
    desk = try Desk()
    desk.host.endorses = false
  }

  private func importCertificates(
    cek: [UInt8]? = nil, ca: [UInt8]? = nil, simulated: Bool = true
  ) throws -> PlatformVerification {
    try desk.core.importCertificates(
      cek: desk.scratch.write(cek ?? platform.cek.serialized(), to: "cek"),
      ca: desk.scratch.write(ca ?? platform.endorsements.ca, to: "ca"), trustRoot: nil,
      allowsSimulated: simulated)
  }

  @Test func `that nobody signed launch nothing, until the signed ones are imported`() throws {
    try desk.define("launch: {type: sev}")
    guard case .refused(_, let hint)? = refusal({ _ = try desk.start() }) else {
      Issue.record("launched")
      return
    }
    #expect(hint?.contains("host certs import") == true && !desk.host.calls.contains("startPaused"))
    #expect(try importCertificates().accepted)
    #expect(try desk.start().launch?.verdict == .match)
    #expect(try desk.audit().contains("host.certs.import done"))
  }

  @Test func `are taken out of a whole exported chain`() throws {
    let chain = [platform.pdh, platform.pek, platform.oca, platform.cek].flatMap { $0.serialized() }
    #expect(try importCertificates(cek: chain).accepted)
  }

  @Test func `of another chip, unsigned, or above a strange root are not kept`() throws {
    let other = try TestPlatform()
    let strange = try TestPlatform(
      arkID: Array("our own root 001".utf8), askID: Array("our own key 0001".utf8))
    for verification in [
      try importCertificates(cek: other.cek.serialized()),
      try importCertificates(cek: platform.hostCEK.serialized()),
      try importCertificates(ca: strange.endorsements.ca),
    ] {
      #expect(!verification.accepted)
    }
    #expect(refusal { _ = try importCertificates(cek: [1, 2, 3]) } != nil)
    #expect(refusal { _ = try importCertificates(ca: [1, 2, 3]) } != nil)
    #expect(try !desk.core.verifyHostCertificates(trustRoot: nil, allowsSimulated: true).accepted)
    #expect(try importCertificates().accepted)
    #expect(try desk.core.verifyHostCertificates(trustRoot: nil, allowsSimulated: true).accepted)
  }

  @Test func `of a simulation are not kept without consent`() throws {
    let strict = try Desk(allowsSimulated: false)
    strict.host.endorses = false
    let platform = strict.host.platform
    let (cek, ca) = (
      try strict.scratch.write(platform.cek.serialized(), to: "cek"),
      try strict.scratch.write(platform.endorsements.ca, to: "ca")
    )
    #expect(
      try !strict.core.importCertificates(cek: cek, ca: ca, trustRoot: nil, allowsSimulated: false).accepted)
    #expect(
      try strict.core.importCertificates(cek: cek, ca: ca, trustRoot: nil, allowsSimulated: true).accepted)
    // What was imported shows the host for what it is.
    #expect(try strict.core.isSimulated())
  }

  @Test func `are imported for one tenant, and not by a read-only connection`() throws {
    let reader = try desk.core(readOnly: true)
    let (cek, ca) = (
      try desk.scratch.write(platform.cek.serialized(), to: "cek"),
      try desk.scratch.write(platform.endorsements.ca, to: "ca")
    )
    let problem = refusal {
      _ = try reader.importCertificates(cek: cek, ca: ca, trustRoot: nil, allowsSimulated: true)
    }
    #expect(problem != nil)
    #expect(try importCertificates().accepted)
    let other = try desk.core(tenant: "other")
    #expect(try !other.verifyHostCertificates(trustRoot: nil, allowsSimulated: true).accepted)
  }

  @Test func `are exported as sevctl does, the CEK signed where that is known`() throws {
    let unsigned = try desk.core.exportCertificates(to: desk.scratch.file("before"), ca: nil)
    #expect(!unsigned.cekSigned)
    #expect(try importCertificates().accepted)
    let signed = try desk.core.exportCertificates(
      to: desk.scratch.file("sev"), ca: desk.scratch.file("bundle"))
    #expect(signed.cekSigned)
    #expect(FileManager.default.contents(atPath: desk.scratch.file("before"))?.count == 8336)
    let verification = try PlatformVerification.verify(
      sevFile: desk.scratch.file("sev"), caFile: desk.scratch.file("bundle"), trustRoot: nil,
      allowsSimulated: true)
    #expect(verification.accepted)
  }

  @Test func `are never exported over a file, nor in part`() throws {
    guard
      case .notFound(.hostCertificates, _)? = refusal({
        _ = try desk.core.exportCertificates(to: desk.scratch.file("sev"), ca: desk.scratch.file("bundle"))
      })
    else {
      Issue.record("exported what is not known")
      return
    }
    #expect(!desk.scratch.names.contains("sev"))
    desk.host.endorses = true
    try desk.scratch.write("old", to: "bundle")
    guard
      case .file(_, .exists)? = refusal({
        _ = try desk.core.exportCertificates(to: desk.scratch.file("sev"), ca: desk.scratch.file("bundle"))
      })
    else {
      Issue.record("replaced")
      return
    }
    #expect(!desk.scratch.names.contains("sev"))
  }
}
