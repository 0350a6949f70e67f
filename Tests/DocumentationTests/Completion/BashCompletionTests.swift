import Foundation
import TestHarness
import Testing

/// The script in a bash, as a Tab calls it. What it offers is compared by what bash makes of it.
@Suite("bash completion") struct BashCompletionTests {
  private static let names = [
    "web 1", "a$(touch pwned)", "q'uote", "d\"q", "b`id`", "bang!x", "colon:x", "eq=x", "at@x", "umläut",
    "~tilde",
    "semi;rm", "star*", "back\\slash", "[br]", "x{1,2}", "#hash",
  ]
  private static let scratch = Result { try prepared() }

  @Test func `offers every guest`() throws {
    #expect(Set(try offered("cvmctl dominfo ")) == Set(Self.names))
  }

  @Test(arguments: names, ["", "'", "\""])
  func `carries a name exactly, in and out of quotes`(_ name: String, _ quote: String) throws {
    // Typed as far as it has no character that the shell sees.
    let start = String(name.prefix { $0.isLetter || $0.isNumber })
    let found = try offered("cvmctl dominfo \(quote)\(start)", closing: quote)
    #expect(found.contains(name) && found.allSatisfy { $0.hasPrefix(start) })
    #expect(!FileManager.default.fileExists(atPath: try Self.scratch.get().file("pwned")))
  }

  @Test(arguments: [
    ("cvmctl dominfo web\\ ", ["web 1"]), ("cvmctl dominfo 'web'\\ ", ["web 1"]),
    ("cvmctl dominfo 'web 1'", ["web 1"]), ("cvmctl dominfo a\\$", ["a$(touch pwned)"]),
    ("cvmctl li", ["list"]), ("cvmctl -c sim:/// domst", ["domstate"]),
    ("cvmctl list -o ", ["table", "wide", "json", "yaml", "name"]),
    ("cvmctl define --type ", ["sev", "sev-es", "sev-snp"]),
    ("cvmctl session create --type ", ["sev", "sev-es"]),
    ("cvmctl policy expl", ["explain"]), ("cvmctl start --paus", ["--paused"]),
    ("cvmctl start 'web 1' sem", ["semi;rm"]), ("cvmctl dominfo $(touch pwned", []),
  ])
  func `offers what fits`(_ line: String, _ expected: [String]) throws {
    #expect(try offered(line) == expected)
    #expect(!FileManager.default.fileExists(atPath: try Self.scratch.get().file("pwned")))
  }

  /// Readline replaces what follows the last of these characters only.
  @Test(arguments: [
    ("cvmctl dominfo colon:", ["x"]), ("cvmctl list --output=js", ["json"]),
    ("cvmctl -c sim:///d", ["///default"]), ("cvmctl --connect=sim:///d", ["///default"]),
  ])
  func `leaves what stands before a colon or an equals sign`(_ line: String, _ expected: [String]) throws {
    #expect(try offered(line) == expected)
  }

  /// What the script offers for a line, each as the shell reads it; `closing` is the quote that is still open.
  private func offered(_ line: String, closing: String = "") throws -> [String] {
    let scratch = try Self.scratch.get()
    let script = """
      set +H; cd "$1"; line=$2 closing=$3 binary=$4
      mkdir -p bin; ln -sf "$binary" bin/cvmctl; PATH=$PWD/bin:$PATH
      source <(cvmctl completion bash)
      COMP_LINE=$line COMP_POINT=${#line}
      _cvmctl
      for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$closing$word$closing"; done
      """
    let offers = try bash(script, scratch.path, line, closing, Repository.cvmctl).split(separator: "\n")
    // In the scratch directory too: what a name that is not quoted runs has to be found there.
    return try offers.map { try bash("set +H; cd \"$1\"; printf %s \($0)", scratch.path) }
  }

  private func bash(_ script: String, _ arguments: String...) throws -> String {
    var environment = Tool.plainEnvironment
    environment["CVMCTL_DEFAULT_URI"] = "sim:///"
    environment["CVMCTL_STATE_DIR"] = try Self.scratch.get().file("state")
    return try Tool("/bin/bash", ["-c"], environment: environment)
      .succeed([script, "bash"] + arguments).stdout
  }

  /// A state directory with a guest of each name.
  private static func prepared() throws -> ScratchDirectory {
    let scratch = try ScratchDirectory()
    for name in names {
      let text = try JSONSerialization.data(withJSONObject: ["name": name, "memory": "64MiB"])
      let outcome = try Tool.cvmctl("sim:///", state: scratch.file("state")).run(
        ["define", "-"], stdin: text)
      guard outcome.status == 0 else { throw HarnessError("\(name): \(outcome.stderr)") }
    }
    return scratch
  }
}
