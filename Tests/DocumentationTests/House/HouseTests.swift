import Foundation
import TestHarness
import Testing

/// What the other documents say, against the tree.
@Suite("The house") struct HouseTests {
  @Test func `every target is in the sources' README, on its floor`() throws {
    let package = try text("Package.swift").components(separatedBy: "    tests(")[0]
    let rows = try text("Sources/README.md").components(separatedBy: "\n")
    var floor = ""
    var count = 0
    let pattern = /\/\/ Floor (\d)|(?:floor\(|[tT]arget\(|systemLibrary\()\s*(?:name: )?"([\w-]+)"/
    for match in package.matches(of: pattern) {
      if let number = match.1 { floor = String(number) }
      guard let name = match.2 else { continue }
      count += 1
      #expect(
        rows.contains { $0.hasPrefix("| \(floor) |") && $0.contains("`\(name)`") }, "floor \(floor): \(name)")
    }
    #expect(count > 10)
  }

  @Test func `every path in the sources' README exists`() throws {
    let readme = try text("Sources/README.md")
    let paths = readme.matches(of: /`((?:Sources|Tests|man|completions|[A-Za-z-]+)\/[\w\/.+-]*)`/).map {
      String($0.1)
    }
    #expect(paths.count > 10)
    for path in paths {
      let places = ["Sources/" + path, path].map { "\(Repository.root)/\($0)" }
      #expect(places.contains { FileManager.default.fileExists(atPath: $0) }, "\(path)")
    }
  }

  @Test func `the changes begin with the program's version`() throws {
    let version = try Tool(Repository.cvmctl).succeed("--version").stdout.split(separator: " ").last
    let number = try #require(version).trimmingCharacters(in: .newlines)
    let first = try text("CHANGELOG.md").components(separatedBy: "\n").first { $0.hasPrefix("## ") }
    #expect(first?.hasPrefix("## \(number)") == true, "\(first ?? "none"), the program is \(number)")
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Repository.root)/\(name)", encoding: .utf8)
  }
}
