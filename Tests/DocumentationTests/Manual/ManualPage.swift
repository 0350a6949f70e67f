import Foundation
import TestHarness

/// The source of a page of the manual (mdoc), as its sections with their lists.
struct ManualPage {
  let path: String
  /// In the page's order; `.Ss` sections stand beside their `.Sh`, under its title and their own.
  let sections: [Section]

  struct Section {
    /// `COMMANDS`, or `COMMANDS/Guests`.
    let title: String
    /// Every line that is in no list.
    var text: [String] = []
    var items: [Item] = []
  }

  /// One `.It` with what stands under it.
  struct Item {
    /// The words after `.It`.
    let head: [String]
    var text: [String] = []
    var items: [Item] = []
  }

  /// A page of `man/`.
  init(_ name: String) throws {
    path = "\(Repository.root)/man/\(name)"
    let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
    sections = Self.sections(lines)
  }

  subscript(_ title: String) -> Section? { sections.first { $0.title == title } }

  /// The `.Ss` sections of one `.Sh`, with the last part of their titles.
  func subsections(of title: String) -> [(name: String, section: Section)] {
    sections.compactMap { section in
      section.title.hasPrefix(title + "/") ? (String(section.title.dropFirst(title.count + 1)), section) : nil
    }
  }

  private static func sections(_ lines: [String]) -> [Section] {
    var sections: [Section] = []
    var header = ""
    // Open lists, the innermost last: the items of each so far.
    var open: [[Item]] = []
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case ".Sh":
        header = words.dropFirst().joined(separator: " ")
        sections.append(Section(title: header))
      case ".Ss":
        let name = words.dropFirst().joined(separator: " ").replacingOccurrences(of: "\\&", with: "")
        sections.append(Section(title: header + "/" + name))
      case ".Bl": open.append([])
      case ".It":
        if !open.isEmpty { open[open.count - 1].append(Item(head: Array(words.dropFirst()))) }
      case ".El":
        guard let items = open.popLast() else { continue }
        if let outer = open.indices.last, let item = open[outer].indices.last {
          open[outer][item].items += items
        } else if let last = sections.indices.last {
          sections[last].items += items
        }
      default:
        if let outer = open.indices.last, let item = open[outer].indices.last {
          open[outer][item].text.append(line)
        } else if let last = sections.indices.last {
          sections[last].text.append(line)
        }
      }
    }
    return sections
  }
}

extension ManualPage.Item {
  /// `--all` of `.It Fl -all`, `-c` and `--connect` of `.It Fl c Ar uri , Fl -connect Ar uri`.
  var options: [String] {
    zip(head, head.dropFirst()).filter { $0.0 == "Fl" }.map { "-" + $0.1 }
  }

  /// The words after `macro`, up to the next macro: `launch show` of `.It Ic launch show Ar guest`.
  func words(after macro: String) -> [String] {
    guard let start = head.firstIndex(of: macro) else { return [] }
    return head[(start + 1)...].prefix { !["Ar", "Op", "Fl", "Cm", "No", "Ns", "Pq", "Po"].contains($0) }
      .filter { $0 != "," }
  }
}

extension [String] {
  /// The titles that `.Sx` lines among these refer to.
  var references: [String] {
    filter { $0.hasPrefix(".Sx ") }.map { line in
      line.dropFirst(4).split(separator: " ").filter { $0 != "." && $0 != "," && $0 != ";" }
        .joined(separator: " ")
    }
  }
}
