/// A value that a command shows: one `Encodable` value gives JSON and YAML, its columns give tables.
protocol Renderable: Encodable {
  /// Columns of a listing; the first is what `-o name` prints.
  static var columns: [Column<Self>] { get }
  /// Rows of a single value; by default every column.
  var details: [(key: String, value: String)] { get }
}

struct Column<Value>: Sendable {
  let title: String
  /// Shown by `-o wide` only.
  var isWide = false
  let cell: @Sendable (Value) -> String

  init(_ title: String, wide: Bool = false, _ cell: @escaping @Sendable (Value) -> String) {
    self.title = title
    isWide = wide
    self.cell = cell
  }
}

extension Renderable {
  var details: [(key: String, value: String)] { Self.columns.map { ($0.title, $0.cell(self)) } }
}

/// What a command hands to the renderer.
enum Shown<Value: Renderable> {
  case one(Value)
  case list([Value])
}
