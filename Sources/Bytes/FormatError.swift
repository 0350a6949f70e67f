/// Why bytes are not what a format says they are, and where.
package struct FormatError: Error, Equatable, Sendable {
  /// The format that was being read, in AMD's or the field's words: `"launch blob"`.
  package let format: String
  /// Offset in bytes from the start of the input.
  package let offset: Int
  package let problem: Problem

  package enum Problem: Equatable, Sendable {
    case truncated(wanted: Int, left: Int)
    case trailing(count: Int)
    case wrongSize(expected: Int, found: Int)
    case unexpected(field: String, found: UInt64, expected: String)
    case notZero(field: String)
    /// `reason` is a fixed phrase of the parser, never text from the input.
    case invalid(field: String, reason: String)
  }

  package init(_ format: String, at offset: Int, _ problem: Problem) {
    self.format = format
    self.offset = offset
    self.problem = problem
  }

  /// One line for people, lower case, without a full stop.
  package var summary: String {
    let where_ = "\(format): offset \(offset): "
    switch problem {
    case .truncated(let wanted, let left): return where_ + "\(wanted) bytes needed, \(left) left"
    case .trailing(let count): return where_ + "\(count) bytes too many"
    case .wrongSize(let expected, let found): return where_ + "\(expected) bytes expected, \(found) found"
    case .unexpected(let field, let found, let expected):
      return where_ + "\(field) is 0x\(String(found, radix: 16)), expected \(expected)"
    case .notZero(let field): return where_ + "\(field) must be zero"
    case .invalid(let field, let reason): return where_ + "\(field): \(reason)"
    }
  }
}
