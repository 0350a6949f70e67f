import Bytes
import CVMCrypto
import SEV

/// What the verifier of an ID block expects of it; nil or empty is not asked for.
package struct IDBlockExpectation: Sendable {
  package var launch: ExpectedLaunch?
  /// Digests of keys, 48 bytes each, as reports carry them.
  package var idKeys: [[UInt8]]
  package var authorKeys: [[UInt8]]

  package init(launch: ExpectedLaunch?, idKeys: [[UInt8]], authorKeys: [[UInt8]]) {
    self.launch = launch
    self.idKeys = idKeys
    self.authorKeys = authorKeys
  }
}

/// The checks of an ID block and its authentication.
package struct IDBlockVerification: Encodable, Equatable, Sendable {
  package var accepted: Bool
  package var checks: [PlatformVerification.Check] = []
  package let simulated = false

  package static func verify(
    _ files: IDBlockFiles, _ expectation: IDBlockExpectation
  ) throws(CoreError) -> IDBlockVerification {
    let bytes = try files.bytes()
    let expected = try expectation.launch?.facts()
    var verification = IDBlockVerification(accepted: false)
    let block = verification.format("format.id-block") { () throws(FormatError) in
      try IDBlock(parsing: bytes.block)
    }
    let auth = verification.format("format.id-auth") { () throws(FormatError) in
      try IDAuth(parsing: bytes.auth)
    }
    do {
      try verification.signatures(block, auth)
      try verification.keys(auth, expectation)
    } catch {
      throw .crypto(error)
    }
    verification.content(block, expected)
    verification.accepted = !verification.checks.contains { $0.result == "fail" }
    return verification
  }

  /// What to throw where a check failed: where only the measurement is another, that it is.
  package var refusal: CoreError? {
    let failed = checks.filter { $0.result == "fail" }
    guard let first = failed.first else { return nil }
    guard failed.map(\.id) != ["measurement"] else {
      return .measurementMismatch(
        guest: "",
        differences: ["the ID block is of \(first.actual ?? ""), expected is \(first.expected ?? "")"])
    }
    return .refused("the ID block is not accepted: \(first.id): \(first.reason ?? "failed")")
  }

  private mutating func format<Value>(
    _ id: String, _ parse: () throws(FormatError) -> Value
  ) -> Value? {
    do throws(FormatError) {
      let value = try parse()
      add(id, true)
      return value
    } catch {
      add(id, false, reason: error.summary)
      return nil
    }
  }

  private mutating func signatures(_ block: IDBlock?, _ auth: IDAuth?) throws(CryptoError) {
    guard let auth else {
      add("signature.id-block", nil, reason: "no ID authentication")
      return add("signature.id-key", nil, reason: "no ID authentication")
    }
    if let block {
      add("signature.id-block", try auth.signs(block), reason: "not the ID key's over this block")
    } else {
      add("signature.id-block", nil, reason: "no ID block")
    }
    let author = try auth.authorSignsKey()
    add("signature.id-key", author, reason: author == nil ? "no author key" : "not the author key's")
  }

  private mutating func keys(_ auth: IDAuth?, _ expectation: IDBlockExpectation) throws(CryptoError) {
    key("trusted.id-key", try auth?.idKeyDigest(), expectation.idKeys, absent: "no ID authentication")
    let author = try auth.flatMap { auth throws(CryptoError) in try auth.authorKeyDigest() }
    key("trusted.author-key", author, expectation.authorKeys, absent: "no author key")
  }

  private mutating func key(_ id: String, _ found: [UInt8]?, _ trusted: [[UInt8]], absent: String) {
    guard !trusted.isEmpty else { return add(id, nil, reason: "no trusted key was given") }
    add(
      id, found.map { trusted.contains($0) } ?? false,
      expected: trusted.map { Hex.encode($0) }.joined(separator: ","), actual: found.map { Hex.encode($0) },
      reason: found == nil ? absent : "not one of the trusted keys")
  }

  private mutating func content(_ block: IDBlock?, _ expected: (digest: [UInt8], policy: SNPPolicy?)?) {
    guard let block else {
      add("measurement", nil, reason: "no ID block")
      return add("policy", nil, reason: "no ID block")
    }
    if let digest = expected?.digest {
      add(
        "measurement", digest == block.launchDigest, expected: Hex.encode(digest),
        actual: Hex.encode(block.launchDigest), reason: "of another launch")
    } else {
      add("measurement", nil, reason: "no measurement was given")
    }
    let isExpected = expected?.policy.map { $0 == block.policy } ?? true
    add(
      "policy", block.policy.isWellFormed && isExpected, expected: expected?.policy?.description,
      actual: block.policy.description,
      reason: isExpected ? "the firmware refuses it" : "not that of the IGVM file")
  }

  /// `passed` nil: skipped. The reason is told unless the check passed.
  private mutating func add(
    _ id: String, _ passed: Bool?, expected: String? = nil, actual: String? = nil, reason: String? = nil
  ) {
    checks.append(
      PlatformVerification.Check(
        id: id, result: passed.map { $0 ? "pass" : "fail" } ?? "skipped", expected: expected, actual: actual,
        reason: passed == true ? nil : reason, simulated: false))
  }
}
