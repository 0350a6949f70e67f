/// What a database file holds, as a list of steps: step n takes a file of version n to n + 1. Steps are never
/// changed once released, only added.
package struct Schema: Sendable {
  /// Marks a file as one of ours (`PRAGMA application_id`).
  package let applicationID: Int32
  /// SQL scripts.
  package let steps: [String]

  package init(applicationID: Int32, steps: [String]) {
    self.applicationID = applicationID
    self.steps = steps
  }

  /// The version of a file with all steps done (`PRAGMA user_version`).
  package var version: Int { steps.count }
}
