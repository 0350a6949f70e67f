import Glibc

/// Who runs this command, for the audit log.
enum Actor {
  /// `uid:1000`
  static var current: String { "uid:\(geteuid())" }
}
