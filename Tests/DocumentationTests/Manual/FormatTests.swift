import Foundation
import TestHarness
import Testing

/// The file formats in cvmctl(1), against the lists that the program's own errors give.
@Suite("The formats in cvmctl(1)") struct FormatTests {
  private let page: ManualPage
  private let scratch: ScratchDirectory

  init() throws {
    page = try ManualPage("cvmctl.1")
    scratch = try ScratchDirectory()
  }

  @Test func `the guest file has exactly the documented keys`() throws {
    let known = try knownKeys(in: "name: a\nmemory: 1GiB\nnonsense: 1\n")
    #expect(Set(try #require(page["GUEST FILE"]).items.flatMap { $0.words(after: "Cm") }) == known)
  }

  @Test(arguments: [
    ("disks", "[{source: /a, nonsense: 1}]"), ("networks", "[{network: a, nonsense: 1}]"),
    ("serial", "{file: /a, nonsense: 1}"), ("launch", "{type: sev, nonsense: 1}"),
    ("secrets", "[{name: a, nonsense: 1}]"),
  ])
  func `every key of a nested mapping is documented under its own`(_ key: String, _ value: String) throws {
    let known = try knownKeys(in: "name: a\nmemory: 1GiB\n\(key): \(value)\n")
    let item = try #require(page["GUEST FILE"]?.items.first { $0.words(after: "Cm").contains(key) })
    let words = item.text.flatMap { line in
      line.hasPrefix(".") ? line.split { " ,:".contains($0) }.map(String.init) : []
    }
    #expect(known.isSubset(of: words), "\(known.subtracting(words))")
  }

  @Test func `the example of a guest file is one`() throws {
    let source = try String(contentsOfFile: page.path, encoding: .utf8)
    let example = try #require(Literal.blocks(in: source, section: "GUEST FILE").first)
    let file = try scratch.write(example.joined(separator: "\n") + "\n", to: "guest.yaml")
    let outcome = try cvmctl.succeed("define", "--dry-run", file)
    #expect(outcome.stdout.contains("<launchSecurity type='sev' kernelHashes='yes'>"))
  }

  @Test func `the configuration has exactly the documented keys`() throws {
    try FileManager.default.createDirectory(
      atPath: scratch.file("cvmctl"), withIntermediateDirectories: true)
    try scratch.write("nonsense: 1\n", to: "cvmctl/config.yaml")
    var tool = cvmctl
    tool.environment["XDG_CONFIG_HOME"] = scratch.path
    let hint = try #require(try tool.with("-o", "json").run("list").errorObject().string("hint"))
    let known = Set(hint.components(separatedBy: ", "))
    #expect(Set(try #require(page["CONFIGURATION"]).items.flatMap { $0.words(after: "Cm") }) == known)
    #expect(known.count > 3)
  }

  @Test func `every environment variable of the program is documented`() throws {
    let documented = Set(try #require(page["ENVIRONMENT"]).items.flatMap { $0.words(after: "Ev") })
    var found: Set<String> = []
    for target in ["cvmctl", "Vault"] {
      let folder = "\(Repository.root)/Sources/\(target)"
      let names = try #require(FileManager.default.enumerator(atPath: folder))
      for case let name as String in names where name.hasSuffix(".swift") {
        let source = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        for match in source.matches(of: /"((?:CVMCTL_|XDG_|LIBVIRT_|TPM2TOOLS_)[A-Z0-9_]+|HOME)"/) {
          found.insert(String(match.1))
        }
      }
    }
    #expect(documented == found && found.count > 5)
  }

  private var cvmctl: Tool { Tool.cvmctl("sim:///", state: scratch.file("state")) }

  /// The keys that the error about an unknown one lists.
  private func knownKeys(in guestFile: String) throws -> Set<String> {
    let file = try scratch.write(guestFile, to: "wrong.yaml")
    let message = try #require(
      try cvmctl.with("-o", "json").run("define", file).errorObject().string("message"))
    let list = try #require(message.firstMatch(of: /\(known: (.*)\)/))
    return Set(list.1.components(separatedBy: ", "))
  }
}
