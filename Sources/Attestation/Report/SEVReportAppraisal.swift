package import SEV

private import Bytes
private import CVMCrypto

/// Which values an appraisal accepts. A field that is not looked at says so.
package enum Expectation<Value: Equatable & Sendable>: Equatable, Sendable {
  case any
  case oneOf([Value])

  func admits(_ value: Value) -> Bool {
    switch self {
    case .any: true
    case .oneOf(let values): values.contains(value)
    }
  }
}

/// What a verifier expects of a SEV attestation report.
package struct SEVReportReference: Sendable {
  /// The verifier's own, fresh for this report, 16 bytes.
  package let nonce: [UInt8]
  package let digest: Expectation<[UInt8]>
  package let policy: Expectation<SEVPolicy>

  package init(nonce: [UInt8], digest: Expectation<[UInt8]>, policy: Expectation<SEVPolicy>) {
    self.nonce = nonce
    self.digest = digest
    self.policy = policy
  }
}

/// The verdict on a SEV attestation report.
package struct SEVReportAppraisal: Sendable {
  package let checks: [Check]
  /// Nil unless every check passed.
  package let report: SEVReport?
  package let isSimulated: Bool

  package var isAccepted: Bool { report != nil }

  /// The checks that an expectation of `.any` skips.
  private static let optional: Set = ["report.digest", "report.policy"]

  /// Verifies the report's signature by the platform's PEK, and itself checks what the signature does not
  /// cover (bytes 0x34 to
  /// 0x3F), then appraises nonce, digest and policy.
  package static func appraise(
    _ bytes: [UInt8], of platform: VerifiedPlatform, against reference: SEVReportReference
  ) -> SEVReportAppraisal {
    var checks = CheckList()
    let report: SEVReport
    do { report = try SEVReport(parsing: bytes) } catch {
      checks.fail("format.report", error.summary)
      return SEVReportAppraisal(checks: checks.checks, report: nil, isSimulated: platform.isSimulated)
    }
    checks.pass("format.report")
    unsigned(report, &checks)
    signature(report, platform, &checks)
    values(report, reference, &checks)
    return SEVReportAppraisal(
      checks: checks.checks, report: checks.allPassed(besides: optional) ? report : nil,
      isSimulated: platform.isSimulated)
  }

  private static func unsigned(_ report: SEVReport, _ checks: inout CheckList) {
    checks.require(
      "report.usage", report.usage == CertificateUsage.pek.rawValue,
      expected: hex(CertificateUsage.pek.rawValue), actual: hex(report.usage), else: "not signed as a PEK")
    let algorithm = CertificateAlgorithm.ecdsaSHA256.rawValue
    checks.require(
      "report.algorithm", report.algorithm == algorithm, expected: hex(algorithm),
      actual: hex(report.algorithm), else: "not ECDSA with SHA-256")
    checks.require(
      "report.reserved", report.reserved == 0, expected: hex(0), actual: hex(report.reserved),
      else: "reserved bytes are not zero")
  }

  private static func signature(
    _ report: SEVReport, _ platform: VerifiedPlatform, _ checks: inout CheckList
  ) {
    let id = "signature.report"
    guard case .p384(let key) = platform.pek.publicKey else {
      return checks.fail(id, "the PEK is not a P-384 key")
    }
    let signature: ECDSASignature
    do { signature = try report.signature() } catch {
      return checks.fail(id, error == .highBytes ? "R or S is wider than P-384" : "R or S is out of range")
    }
    do {
      let isRight = try key.verify(signature, of: report.signedBytes, hash: .sha256)
      checks.require(id, isRight, else: "not this platform's signature")
    } catch {
      checks.fail(id, error.summary)
    }
  }

  private static func values(
    _ report: SEVReport, _ reference: SEVReportReference, _ checks: inout CheckList
  ) {
    checks.require(
      "report.nonce", constantTimeEqual(report.nonce, reference.nonce), expected: Hex.encode(reference.nonce),
      actual: Hex.encode(report.nonce), else: "another request's report, or an old one")
    compare("report.digest", report.digest, reference.digest, &checks) { Hex.encode($0) }
    compare("report.policy", report.policy, reference.policy, &checks) { $0.description }
  }

  private static func compare<Value>(
    _ id: String, _ value: Value, _ expectation: Expectation<Value>, _ checks: inout CheckList,
    _ text: (Value) -> String
  ) {
    guard case .oneOf(let values) = expectation else { return checks.skip(id, "any value is accepted") }
    checks.require(
      id, expectation.admits(value), expected: values.map(text).joined(separator: " or "),
      actual: text(value), else: "not what is expected")
  }

  private static func hex(_ number: UInt32) -> String { "0x" + String(number, radix: 16) }
}
