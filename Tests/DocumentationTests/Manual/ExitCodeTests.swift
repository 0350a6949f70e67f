import Foundation
import TestHarness
import Testing

@Suite("EXIT STATUS of cvmctl(1)") struct ExitCodeTests {
  @Test func `has every exit code with its name, as the program has them`() throws {
    let section = try #require(try ManualPage("cvmctl.1")["EXIT STATUS"])
    var documented: [Int: String] = [:]
    for item in section.items {
      guard let number = item.head.first.flatMap({ Int($0) }) else { continue }
      let name = item.text.last.map { $0.split(separator: " ").map(String.init) } ?? []
      guard name.count == 3, name[0] == ".Pq" else { continue }
      documented[number] = name[1]
    }
    #expect(documented == (try programCodes()))
  }

  /// Number and name of each code, from the source: an enumeration of numbers and a table of names.
  private func programCodes() throws -> [Int: String] {
    let source = try String(
      contentsOfFile: "\(Repository.root)/Sources/cvmctl/CVMExit.swift", encoding: .utf8)
    var numbers: [String: Int] = [:]
    var codes: [Int: String] = [:]
    for match in source.matches(of: /case (\w+) = (\d+)/) { numbers[String(match.1)] = Int(match.2) }
    for match in source.matches(of: /case \.(\w+): "([a-z-]+)"/) {
      if let number = numbers[String(match.1)] { codes[number] = String(match.2) }
    }
    #expect(codes.count == numbers.count && codes.count > 10)
    return codes
  }
}
