/// Why a document could not be read, or a tree could not be written, and where.
package struct DocumentError: Error, Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Not well formed.
    case syntax
    /// Not UTF-8, or declared to be something else.
    case encoding
    /// More bytes, levels or nodes than the limits allow.
    case tooLarge, tooDeep, tooManyNodes
    /// Well-formed constructs that no document of ours needs and that attacks are made of.
    case doctype, alias, tag, severalDocuments
    /// A key or an attribute stands twice.
    case duplicate
    /// A mapping's key is not a scalar.
    case key
    /// A number that no 64-bit value holds.
    case number
    /// A character or a name that the format cannot carry (writing only).
    case character, name
    /// A Swift value refused to be encoded (writing only).
    case unencodable
    /// The parser library had no memory.
    case memory
  }

  package let kind: Kind
  /// The first line is 1; 0 where there is no text, as when a tree is written.
  package let line: Int
  /// In bytes, the first is 1; 0 as for `line`.
  package let column: Int
  /// A phrase, lower case, without full stop. It may quote a name from the document: show it escaped.
  package let reason: String

  package init(_ kind: Kind, line: Int = 0, column: Int = 0, _ reason: String) {
    self.kind = kind
    self.line = line
    self.column = column
    self.reason = reason
  }

  /// One line for people. The file's name is the caller's to put in front.
  package var summary: String { line > 0 ? "line \(line), column \(column): \(reason)" : reason }
}

extension DocumentError {
  /// An error at an offset of a text that is at hand.
  init(_ kind: Kind, in bytes: [UInt8], at offset: Int, _ reason: String) {
    let before = bytes.prefix(max(0, offset))
    let newline = UInt8(ascii: "\n")
    let line = before.reduce(1) { $1 == newline ? $0 + 1 : $0 }
    let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
    self.init(kind, line: line, column: before.count - start + 1, reason)
  }

  /// A name from the document, short enough for a message.
  static func quoted(_ name: String) -> String {
    name.utf8.count <= 64 ? "'\(name)'" : "'\(name.prefix(32))…'"
  }
}
