/// Why the store did not do what it was asked for. Unless the case says otherwise, nothing was changed.
package enum StoreError: Error, Equatable, Sendable {
  /// There is no store at that place, and it was not to be made.
  case absent(path: String)
  /// The place cannot be reached at all.
  case unreachable(path: String, reason: String)
  /// Other processes held the store for all the time that there was.
  case locked(path: String, waited: Duration)
  /// The file is damaged, or is no store of ours.
  case corrupt(file: String, reason: String)
  /// A file or directory belongs to somebody else or is open to others.
  case permission(path: String, reason: String, remedy: String?)
  /// A newer cvmctl wrote it; it stays untouched.
  case newerVersion(file: String, found: Int, known: Int)
  /// No record could be written: disk full, read-only or failing. After a failed write to disk it is not
  /// known whether the change is there.
  case unwritable(file: String, reason: String)
  /// No such row, or one of another tenant.
  case notFound(kind: String, name: String)
  /// The row is there already.
  case exists(kind: String, name: String)
  /// The row was changed meanwhile, or another row depends on it.
  case conflict(kind: String, name: String, reason: String)
  /// A rule of the schema that a caller has not seen to.
  case constraint(file: String, reason: String)
  /// A caller's mistake, as an act within an act.
  case misuse(reason: String)
  /// Anything else that SQLite said.
  case failed(file: String, reason: String)

  /// One line for people, lower case, without full stop. Names come from callers: show it escaped.
  package var summary: String {
    switch self {
    case .absent(let path): "there is no store at \(path)"
    case .unreachable(let path, let reason): "cannot open \(path): \(reason)"
    case .locked(let path, let waited): "\(path) stayed locked by another process for \(Self.text(waited))"
    case .corrupt(let file, let reason): "\(file) is damaged: \(reason)"
    case .permission(let path, let reason, _): "\(path): \(reason)"
    case .newerVersion(let file, let found, let known):
      "\(file) has format \(found), this program knows up to \(known)"
    case .unwritable(let file, let reason): "cannot write \(file): \(reason)"
    case .notFound(let kind, let name): "no \(kind) '\(name)'"
    case .exists(let kind, let name): "\(kind) '\(name)' exists already"
    case .conflict(let kind, let name, let reason): "\(kind) '\(name)' \(reason)"
    case .constraint(let file, let reason): "\(file): \(reason)"
    case .misuse(let reason): reason
    case .failed(let file, let reason): "\(file): \(reason)"
    }
  }

  /// What to do about it, where there is something.
  package var hint: String? {
    switch self {
    case .permission(_, _, let remedy): remedy
    case .newerVersion: "use the newer program, or another state directory"
    case .locked: "try again, or wait longer"
    case .corrupt: "restore the state directory from a backup"
    default: nil
    }
  }

  private static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let tenths = attoseconds / 100_000_000_000_000_000
    return "\(seconds).\(tenths) s"
  }
}

/// An error that can carry a failure of the store: what the body of an act may throw.
package protocol StoreFailure: Error {
  init(_ error: StoreError)
}

extension StoreError: StoreFailure {
  package init(_ error: StoreError) { self = error }
}
