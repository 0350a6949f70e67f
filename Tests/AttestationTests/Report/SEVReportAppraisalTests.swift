import Attestation
import CVMCrypto
import SEV
import Testing

@Suite struct SEVReportAppraisalTests {
  static let nonce = counting(from: 0xF0, 16)
  static let digest = counting(from: 0x20, 32)

  struct Fixture {
    let platform: TestPlatform
    let verified: VerifiedPlatform
    let report: [UInt8]
  }

  static func fixture() throws -> Fixture {
    let platform = try TestPlatform()
    let verified = try #require(platform.chain().verify(against: platform.anchors()).platform)
    let report = try SEVReport(nonce: nonce, digest: digest, policy: .esDefault, signedBy: platform.pekKey)
    return Fixture(platform: platform, verified: verified, report: report.serialized())
  }

  static func reference(
    nonce: [UInt8] = nonce, digest: [UInt8] = digest, policy: SEVPolicy = .esDefault
  ) -> SEVReportReference {
    SEVReportReference(nonce: nonce, digest: .oneOf([digest]), policy: .oneOf([policy]))
  }

  static func failures(_ appraisal: SEVReportAppraisal) -> [String] {
    #expect(!appraisal.isAccepted)
    return appraisal.checks.filter { $0.result == .fail }.map(\.id)
  }

  @Test func `the expected report is accepted, every check listed`() throws {
    let fixture = try Self.fixture()
    let appraisal = SEVReportAppraisal.appraise(
      fixture.report, of: fixture.verified, against: Self.reference())
    #expect(appraisal.isAccepted && !appraisal.isSimulated)
    #expect(
      appraisal.checks.map(\.id) == [
        "format.report", "report.usage", "report.algorithm", "report.reserved", "signature.report",
        "report.nonce", "report.digest", "report.policy",
      ])
    #expect(appraisal.checks.allSatisfy { $0.result == .pass })
  }

  @Test func `a field with .any is skipped, and says so`() throws {
    let fixture = try Self.fixture()
    let appraisal = SEVReportAppraisal.appraise(
      fixture.report, of: fixture.verified,
      against: SEVReportReference(nonce: Self.nonce, digest: .any, policy: .any))
    #expect(appraisal.isAccepted)
    #expect(
      appraisal.checks.filter { $0.result == .skipped }.map(\.id) == ["report.digest", "report.policy"])
  }

  @Test func `another nonce, digest or policy is refused`() throws {
    let fixture = try Self.fixture()
    func failures(_ reference: SEVReportReference) -> [String] {
      Self.failures(.appraise(fixture.report, of: fixture.verified, against: reference))
    }
    #expect(failures(Self.reference(nonce: counting(from: 0, 16))) == ["report.nonce"])
    #expect(failures(Self.reference(nonce: [])) == ["report.nonce"])
    #expect(failures(Self.reference(digest: counting(from: 0, 32))) == ["report.digest"])
    #expect(failures(Self.reference(policy: .sevDefault)) == ["report.policy"])
    let nothing = SEVReportReference(nonce: Self.nonce, digest: .oneOf([]), policy: .oneOf([]))
    #expect(failures(nothing) == ["report.digest", "report.policy"])
  }

  @Test func `each part has its check`() throws {
    let fixture = try Self.fixture()
    func failures(_ offset: Int) -> [String] {
      var bytes = fixture.report
      bytes[offset] ^= 1
      return Self.failures(.appraise(bytes, of: fixture.verified, against: Self.reference()))
    }
    #expect(failures(0x00) == ["signature.report", "report.nonce"])
    #expect(failures(0x10) == ["signature.report", "report.digest"])
    #expect(failures(0x30) == ["signature.report", "report.policy"])
    #expect(failures(0x34) == ["report.usage"])
    #expect(failures(0x38) == ["report.algorithm"])
    #expect(failures(0x3C) == ["report.reserved"])
    for offset in [0x40, 0x70, 0x87, 0x88, 0xB8, 0xCF] { #expect(failures(offset) == ["signature.report"]) }
  }

  @Test func `R and S of zero are out of range`() throws {
    let fixture = try Self.fixture()
    var bytes = fixture.report
    bytes.replaceSubrange(0x40..<0x88, with: [UInt8](repeating: 0, count: 72))
    let appraisal = SEVReportAppraisal.appraise(bytes, of: fixture.verified, against: Self.reference())
    #expect(appraisal.checks.first { $0.id == "signature.report" }?.reason == "R or S is out of range")
  }

  @Test func `another platform's report is refused`() throws {
    let (fixture, other) = (try Self.fixture(), try Self.fixture())
    let appraisal = SEVReportAppraisal.appraise(
      other.report, of: fixture.verified, against: Self.reference())
    #expect(Self.failures(appraisal) == ["signature.report"])
  }

  @Test func `a longer signed range or another hash is refused`() throws {
    let fixture = try Self.fixture()
    let body = Array(fixture.report[..<0x40])
    let signatures = [
      try fixture.platform.pekKey.sign(body, hash: .sha256),
      try fixture.platform.pekKey.sign(Array(body[..<0x30]), hash: .sha256),
      try fixture.platform.pekKey.sign(Array(body[..<0x34]), hash: .sha384),
    ]
    for signature in signatures {
      let bytes = body + ECDSAField.encode(signature)
      let appraisal = SEVReportAppraisal.appraise(bytes, of: fixture.verified, against: Self.reference())
      #expect(Self.failures(appraisal) == ["signature.report"])
    }
  }

  @Test(arguments: [0, 207, 209]) func `only 208 bytes are a report`(_ count: Int) throws {
    let fixture = try Self.fixture()
    let sized = Array((fixture.report + [0]).prefix(count))
    let appraisal = SEVReportAppraisal.appraise(sized, of: fixture.verified, against: Self.reference())
    #expect(Self.failures(appraisal) == ["format.report"])
  }

  @Test func `a simulated platform's report says so`() throws {
    let platform = try TestPlatform.simulated()
    let verified = try #require(platform.chain().verify(against: .simulated).platform)
    let report = try SEVReport(
      nonce: Self.nonce, digest: Self.digest, policy: .esDefault, signedBy: platform.pekKey)
    let appraisal = SEVReportAppraisal.appraise(
      report.serialized(), of: verified, against: Self.reference())
    #expect(appraisal.isAccepted && appraisal.isSimulated)
  }
}
