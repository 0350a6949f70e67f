import Foundation
import TestHarness
import Testing

/// The documented exit codes with their names in JSON errors.
enum Refusal: Int32, CaseIterable {
  case failure = 1
  case usage = 2
  case notFound = 3
  case conflict = 4
  case unsupported = 5
  case connection = 6
  case timeout = 7
  case permission = 8
  case measurementMismatch = 10
  case policyViolation = 11
  case attestationRefused = 12
  case outcomeUnknown = 13
  case auditUnavailable = 14
  case vaultLocked = 15
  case corrupt = 16

  var code: String {
    switch self {
    case .failure: "failure"
    case .usage: "usage"
    case .notFound: "not-found"
    case .conflict: "conflict"
    case .unsupported: "unsupported"
    case .connection: "connection"
    case .timeout: "timeout"
    case .permission: "permission"
    case .measurementMismatch: "measurement-mismatch"
    case .policyViolation: "policy-violation"
    case .attestationRefused: "attestation-refused"
    case .outcomeUnknown: "outcome-unknown"
    case .auditUnavailable: "audit-unavailable"
    case .vaultLocked: "vault-locked"
    case .corrupt: "corrupt"
    }
  }
}

/// Holds a failed command to the contract: nothing on stdout, one error line and at most one hint on stderr, the exit code.
/// - Parameter prints: the command shows on stdout what it refuses, as a verification does.
func expect(
  _ outcome: Outcome, is refusal: Refusal, prints: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let text = "exit \(outcome.status): \(outcome.stderr)\(outcome.stdout)"
  #expect(outcome.status == refusal.rawValue, "\(text)", sourceLocation: sourceLocation)
  #expect(!outcome.timedOut, "\(text)", sourceLocation: sourceLocation)
  #expect(outcome.stdout.isEmpty != prints, "\(text)", sourceLocation: sourceLocation)
  let lines = outcome.stderr.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(
    lines.first?.hasPrefix("cvmctl: error: ") == true && lines.last == ""
      && (lines.count == 2 || lines.count == 3 && lines[1].hasPrefix("hint: ")),
    "not one line and a hint: \(text)", sourceLocation: sourceLocation)
  expectPlain(outcome, sourceLocation: sourceLocation)
}

/// Not one byte that could steer a terminal, and nothing that is no UTF-8.
func expectPlain(_ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
  for text in [outcome.stdout, outcome.stderr] {
    let bad = text.unicodeScalars.first { scalar in
      switch scalar.value {
      case 9, 10: false
      case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFFD,
        0xE0000...0xE007F:
        true
      default: false
      }
    }
    #expect(bad == nil, "a raw \(String(bad?.value ?? 0, radix: 16))", sourceLocation: sourceLocation)
  }
}

extension Sandbox {
  /// Runs a command that has to be refused, for people and with `-o json`; returns the error object.
  @discardableResult
  func refuses(
    _ refusal: Refusal, _ arguments: String..., prints: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    try refuses(refusal, arguments, prints: prints, sourceLocation: sourceLocation)
  }

  @discardableResult
  func refuses(
    _ refusal: Refusal, _ arguments: [String], prints: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    let told = try cvmctl.run(["--no-progress"] + arguments)
    expect(told, is: refusal, prints: prints, sourceLocation: sourceLocation)
    let outcome = try cvmctl.run(["-o", "json"] + arguments)
    let error = try outcome.errorObject()
    #expect(outcome.status == refusal.rawValue, "\(outcome.stderr)", sourceLocation: sourceLocation)
    #expect(outcome.stdout.isEmpty != prints, "\(outcome.stdout)", sourceLocation: sourceLocation)
    #expect(error.string("code") == refusal.code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.number("exit") == Int(refusal.rawValue), sourceLocation: sourceLocation)
    #expect(error.string("message")?.isEmpty == false, sourceLocation: sourceLocation)
    #expect(
      error.values.keys.sorted() == ["code", "details", "exit", "hint", "message"],
      sourceLocation: sourceLocation)
    expectPlain(outcome, sourceLocation: sourceLocation)
    return error
  }

  /// As `refuses`, and the state directory is byte by byte what it was.
  @discardableResult
  func refusesUntouched(
    _ refusal: Refusal, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    try refusesUntouched(refusal, arguments, sourceLocation: sourceLocation)
  }

  @discardableResult
  func refusesUntouched(
    _ refusal: Refusal, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    let before = try snapshot()
    let error = try refuses(refusal, arguments, sourceLocation: sourceLocation)
    let after = try snapshot()
    #expect(changed(before, after).isEmpty, "changed", sourceLocation: sourceLocation)
    return error
  }

  private func changed(_ before: [String: Data], _ after: [String: Data]) -> [String] {
    Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
  }
}
