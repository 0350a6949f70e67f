import Documents
import Foundation
import Testing

@Suite("YAML writing") struct YAMLTextTests {
  @Test func `blocks are indented by two blanks`() {
    let value: Value = [
      "name": "web1", "uuid": "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "vcpus": 4, "none": .null,
      "disks": [["file": "/srv/a", "flags": [1, [2, 3]]], "x", []], "labels": [:], "debug": "no",
    ]
    #expect(
      YAMLText.emit(value) == """
        name: web1
        uuid: "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
        vcpus: 4
        none: null
        disks:
          - file: /srv/a
            flags:
              - 1
              - - 2
                - 3
          - x
          - []
        labels: {}
        debug: "no"

        """)
  }

  @Test(arguments: [
    "", " ", "a ", " a", "true", "Yes", "NULL", "on", "n", "1", "1.5", "0x1", "1e3", "-", "- a", "a: b",
    "a #b", "#", "*a",
    "&a", "!a", "|", ">", "%a", "@a", "`", "[", "{", "'", "\"", "\\", "?", ":", "=", "<<", "~", ".inf",
    "2026-11-24",
    "12:30:45", "a\nb", "a\tb", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{FFFF}", "---", "...", "0o7",
    "1_0", "é",
  ])
  func `text stays text`(_ text: String) throws {
    #expect(try YAMLText.parse(bytes(YAMLText.emit(.string(text)))) == .string(text))
    let object: Value = .object([Value.Member(text, .string(text))])
    #expect(try YAMLText.parse(bytes(YAMLText.emit(object))) == object)
  }

  @Test func `a long key is read back`() throws {
    let value: Value = ["a": [.object([Value.Member(String(repeating: "k", count: 2000), ["b": 1])])]]
    #expect(try YAMLText.parse(bytes(YAMLText.emit(value))) == value)
  }

  @Test func `parse is the inverse of emit`() throws {
    var random = Seeded(6)
    for _ in 0..<5_000 {
      let value = random.value { $0.text(0...6) }
      #expect(try YAMLText.parse(bytes(YAMLText.emit(value))) == value)
    }
  }

  @Test(.enabled(if: PyYAML.isThere)) func `a YAML 1.1 reader sees the same document`() throws {
    var random = Seeded(7)
    let values = (0..<300).map { _ in random.value { $0.text(0...6, allowed: { $0.value != 0xFFFE }) } }
    let texts = try values.map {
      try JSONText.emit(["yaml": .string(YAMLText.emit($0)), "json": $0], pretty: false)
    }
    #expect(try PyYAML.differences(texts) == "")
  }
}

/// PyYAML, an independent reader of YAML 1.1, where the machine has it.
private enum PyYAML {
  static let isThere = (try? run("import yaml", input: "").status) == 0

  /// Compares each document's YAML with its JSON; the answer names the first that differs.
  static func differences(_ documents: [String]) throws -> String {
    let script = """
      import sys, json, yaml
      for line in sys.stdin.buffer.read().split(b"\\n"):
          if not line: continue
          document = json.loads(line)
          try: found = yaml.safe_load(document["yaml"])
          except yaml.YAMLError as error: found = error
          if repr(found) != repr(document["json"]):
              print(ascii(found), "expected", ascii(document["json"])); break
      """
    return try run(script, input: documents.joined(separator: "\n")).output
  }

  private static func run(_ script: String, input: String) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script]
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = FileHandle.nullDevice
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
