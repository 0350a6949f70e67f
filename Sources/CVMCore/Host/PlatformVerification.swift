import Attestation

/// The verdict on a platform's chain, check by check.
package struct PlatformVerification: Encodable, Equatable, Sendable {
  package var accepted: Bool
  package var product: String?
  package var simulated: Bool
  package var checks: [Check]

  package struct Check: Encodable, Equatable, Sendable {
    package var id: String
    package var result: String
    package var expected: String?
    package var actual: String?
    package var reason: String?
    package var simulated: Bool
  }

  init(_ result: ChainResult) {
    accepted = result.isAccepted
    product = result.product?.rawValue
    simulated = result.isSimulated
    checks = result.checks.map { check in
      Check(
        id: check.id, result: check.result.rawValue, expected: check.expected, actual: check.actual,
        reason: check.reason, simulated: result.isSimulated)
    }
  }

  /// What to throw where the chain is refused: the first failed check.
  package var refusal: CoreError? {
    guard !accepted else { return nil }
    let failed = checks.first { $0.result == "fail" }
    let hint: String? =
      switch failed?.id {
      case "signature.cek", "format.ask", "format.ark":
        "import the signed CEK and AMD's ASK and ARK: cvmctl host certs import --cek FILE --ca FILE"
      case "root.ark" where simulated: "accept a simulation with --allow-simulated"
      default: nil
      }
    return .refused(
      "the platform's certificates are not accepted: \(failed.map { "\($0.id): \($0.reason ?? "failed")" } ?? "unknown")",
      hint: hint)
  }

  /// Verifies files: PDH, PEK, OCA and CEK in one (8336 bytes), ASK and ARK in the other.
  package static func verify(
    sevFile: String, caFile: String, trustRoot: String?, allowsSimulated: Bool
  ) throws(CoreError) -> PlatformVerification {
    let sev = try InputFile.read(sevFile, limit: 1 << 20)
    let ca = try InputFile.read(caFile, limit: 1 << 20)
    let anchors = try TrustAnchors(rootFile: trustRoot, allowsSimulated: allowsSimulated)
    do {
      return PlatformVerification(try PlatformChain(sev: sev, ca: ca).verify(against: anchors))
    } catch {
      throw .malformedBytes(source: sevFile, error)
    }
  }
}

extension TrustAnchors {
  /// AMD's roots, or one root of the operator's own; simulated ones only where asked for.
  init(rootFile: String?, allowsSimulated: Bool) throws(CoreError) {
    var anchors = TrustAnchors.amd
    if let rootFile {
      let bytes = try InputFile.read(rootFile, limit: 1 << 20)
      do {
        anchors = try TrustAnchors.rootFile(bytes)
      } catch {
        throw .crypto(error)
      }
    }
    self = allowsSimulated ? anchors.and(.simulated) : anchors
  }
}
