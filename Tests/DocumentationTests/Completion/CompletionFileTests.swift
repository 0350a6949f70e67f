import Foundation
import TestHarness
import Testing

@Suite("completions/cvmctl.bash") struct CompletionFileTests {
  private static let path = "\(Repository.root)/completions/cvmctl.bash"

  @Test func `is what the program prints`() throws {
    let printed = try Tool(Repository.cvmctl).succeed("completion", "bash").stdout
    #expect(try String(contentsOfFile: Self.path, encoding: .utf8) == printed)
  }

  @Test func `parses`() throws {
    try Tool("/bin/bash", ["-n"]).succeed(Self.path)
  }
}
