/// Tables as virsh and kubectl print them: a header, no borders, columns as wide as their content.
enum TextTable {
  /// `rows` are escaped already; the first one is the header.
  static func layout(_ rows: [[String]]) -> String {
    guard let header = rows.first else { return "" }
    var widths = [Int](repeating: 0, count: header.count)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], TerminalSafe.width(cell))
      }
    }
    var text: [UInt8] = []
    text.reserveCapacity(rows.count * (widths.reduce(0, +) + 3 * widths.count))
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        text += cell.utf8
        if column + 1 < row.count {
          text += repeatElement(UInt8(ascii: " "), count: widths[column] - TerminalSafe.width(cell) + 3)
        }
      }
      text.append(UInt8(ascii: "\n"))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `Key:   value` lines, as `virsh dominfo`.
  static func details(_ rows: [(key: String, value: String)]) -> String {
    let width = rows.map { TerminalSafe.width($0.key) }.max() ?? 0
    return rows.map { row in
      let padding = String(repeating: " ", count: width - TerminalSafe.width(row.key) + 1)
      return "\(row.key):\(padding) \(row.value)\n"
    }.joined()
  }
}
