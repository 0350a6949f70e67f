import Foundation

/// The literal blocks of a page's source.
enum Literal {
  /// The blocks of a section, each as its lines, with roff's escapes undone.
  static func blocks(in source: String, section: String) -> [[String]] {
    var blocks: [[String]] = []
    var isInside = false
    var isLiteral = false
    for line in source.components(separatedBy: "\n") {
      if line.hasPrefix(".Sh ") {
        isInside = line == ".Sh \(section)"
      } else if line.hasPrefix(".Bd -literal") {
        isLiteral = true
        if isInside { blocks.append([]) }
      } else if line.hasPrefix(".Ed") {
        isLiteral = false
      } else if isInside, isLiteral {
        blocks[blocks.count - 1].append(line.replacingOccurrences(of: "\\e", with: "\\"))
      }
    }
    return blocks
  }
}
