/// One question that a verifier asked, and its answer. Results list every question, so that an accepted
/// one can be audited too.
package struct Check: Equatable, Sendable {
  package enum Result: String, Sendable {
    case pass, fail
    /// Not applicable here, or impossible because another check failed; `reason` says which.
    case skipped
  }

  /// Stable, dotted, lower case: `signature.pek.oca`.
  package let id: String
  package let result: Result
  /// What was wanted and what was found, where both can be shown.
  package let expected: String?
  package let actual: String?
  /// For people: why it failed or was skipped.
  package let reason: String?

  package init(
    _ id: String, _ result: Result, expected: String? = nil, actual: String? = nil, reason: String? = nil
  ) {
    self.id = id
    self.result = result
    self.expected = expected
    self.actual = actual
    self.reason = reason
  }
}

/// Checks in the order in which they were asked.
struct CheckList {
  private(set) var checks: [Check] = []

  /// Whether every check passed, those named being allowed to be skipped.
  func allPassed(besides skippable: Set<String>) -> Bool {
    checks.allSatisfy { check in
      switch check.result {
      case .pass: true
      case .fail: false
      case .skipped: skippable.contains(check.id)
      }
    }
  }

  mutating func pass(_ id: String, reason: String? = nil) { checks.append(Check(id, .pass, reason: reason)) }

  mutating func fail(_ id: String, _ reason: String) { checks.append(Check(id, .fail, reason: reason)) }

  mutating func skip(_ id: String, _ reason: String) { checks.append(Check(id, .skipped, reason: reason)) }

  /// Passes if `passed`; the reason is for a failure.
  mutating func require(
    _ id: String, _ passed: Bool, expected: String? = nil, actual: String? = nil, else reason: String
  ) {
    checks.append(
      Check(id, passed ? .pass : .fail, expected: expected, actual: actual, reason: passed ? nil : reason))
  }
}
