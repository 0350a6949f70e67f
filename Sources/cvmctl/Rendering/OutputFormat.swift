import ArgumentParser
import Documents

/// The formats of `-o`. The only place that branches on them.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  case table, wide, json, yaml, name

  func text<Value: Renderable>(of shown: Shown<Value>) throws -> String {
    switch self {
    case .json: return try JSONText.emit(try Self.value(of: shown)) + "\n"
    case .yaml: return YAMLText.emit(try Self.value(of: shown))
    case .table, .wide, .name: return plain(shown)
    }
  }

  /// A document (XML, a state word): itself in the text formats, `{key: text, …}` in the others.
  func text(ofDocument text: String, as value: some Encodable) throws -> String {
    switch self {
    case .json: return try JSONText.emit(try ValueEncoder.encode(value)) + "\n"
    case .yaml: return YAMLText.emit(try ValueEncoder.encode(value))
    case .table, .wide, .name: return TerminalSafe.escapeDocument(text)
    }
  }

  private func plain<Value: Renderable>(_ shown: Shown<Value>) -> String {
    let columns = Value.columns.filter { self == .wide || !$0.isWide }
    switch shown {
    case .one(let value):
      guard self != .name else { return TerminalSafe.escape(columns[0].cell(value)) + "\n" }
      return TextTable.details(value.details.map { ($0.key, TerminalSafe.escape($0.value)) })
    case .list(let values):
      let shownColumns = self == .name ? Array(columns.prefix(1)) : columns
      let rows = values.map { value in shownColumns.map { TerminalSafe.escape($0.cell(value)) } }
      guard self != .name else { return rows.map { $0[0] + "\n" }.joined() }
      return TextTable.layout([shownColumns.map(\.title)] + rows)
    }
  }

  private static func value<Value: Renderable>(of shown: Shown<Value>) throws -> Documents.Value {
    switch shown {
    case .one(let value): try ValueEncoder.encode(value)
    case .list(let values): try ValueEncoder.encode(values)
    }
  }
}
