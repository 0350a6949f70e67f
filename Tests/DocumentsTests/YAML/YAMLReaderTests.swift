import Documents
import Testing

@Suite("YAML reading") struct YAMLReaderTests {
  static let guest = """
    # a guest
    name: web1
    type: sev-es
    vcpus: 4
    labels: {tier: web, "zone": a}
    disks:
      - file: /srv/web1.img
        size: 0x40000000
      - file: "/srv/data img"
    command: |
      root=/dev/vda
      quiet

    """

  @Test func `a guest file becomes a value in document order`() throws {
    let expected: Value = [
      "name": "web1", "type": "sev-es", "vcpus": 4, "labels": ["tier": "web", "zone": "a"],
      "disks": [["file": "/srv/web1.img", "size": 0x4000_0000], ["file": "/srv/data img"]],
      "command": "root=/dev/vda\nquiet\n",
    ]
    #expect(try YAMLText.parse(bytes(Self.guest)) == expected)
  }

  @Test func `every node knows its line`() throws {
    guard case .mapping(let members) = try YAMLText.tree(bytes(Self.guest)).content else {
      Issue.record("not a mapping")
      return
    }
    #expect(members.map(\.line) == [2, 3, 4, 5, 6, 10])
    #expect(members.map(\.node.line) == [2, 3, 4, 5, 7, 10])
    guard case .sequence(let disks) = members[4].node.content else { return }
    #expect(disks.map(\.line) == [7, 9])
    #expect(disks.map(\.column) == [5, 5])
  }

  @Test(
    arguments: [
      ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("Yes", "Yes"),
      ("true", true), ("True", true), ("FALSE", false), ("tRue", "tRue"),
      ("null", .null), ("~", .null), ("Null", .null), ("\"\"", ""), ("'~'", "~"), ("nUll", "nUll"),
      ("0", 0), ("007", 7), ("+12", 12), ("-12", -12), ("0x1F", 31), ("0o17", 15), ("0b11", "0b11"),
      ("1_000", "1_000"),
      ("1:30", "1:30"), ("-0x1", "-0x1"), ("0x", "0x"), ("0xG", "0xG"),
      ("18446744073709551615", .unsigned(.max)),
      ("1.5", .number(1.5)), ("1.", .number(1)), (".5", .number(0.5)), ("1e3", .number(1000)),
      ("1.e3", .number(1000)),
      ("+.5", .number(0.5)), ("-1.5E-2", .number(-0.015)), (".", "."), ("1e", "1e"), ("e1", "e1"),
      ("1.2.3", "1.2.3"),
      (".inf", .number(.infinity)), ("-.INF", .number(-.infinity)), ("'1'", "1"), ("\"0x1\"", "0x1"),
      ("2026-11-24", "2026-11-24"), ("0x00000005", 5), ("<<", "<<"), ("=", "="),
    ] as [(String, Value)])
  func `plain scalars mean what the core schema says`(_ text: String, _ value: Value) throws {
    #expect(try YAMLText.parse(bytes(text)) == value)
  }

  @Test func `not a number is a number`() throws {
    guard case .number(let number) = try YAMLText.parse(bytes(".nan")) else {
      Issue.record("not a number")
      return
    }
    #expect(number.isNaN)
  }

  @Test func `a reader can take a plain scalar as text`() throws {
    let node = try YAMLText.tree(bytes("0012"))
    #expect(node.content == .scalar(12, text: "0012", isPlain: true))
  }

  @Test(arguments: ["", "# only a comment\n", "---\n", "---\n...\n"]) func `nothing is null`(_ text: String)
    throws
  {
    #expect(try YAMLText.parse(bytes(text)) == .null)
  }

  @Test(arguments: [
    ("a: &x 1\nb: *x", DocumentError.Kind.alias), ("&x a: 1", .alias), ("- &x [1]", .alias), ("- *x", .alias),
    ("&x {a: 1}", .alias), ("!!str 1", .tag), ("a: !foo {}", .tag), ("- ! x", .tag), ("!!map {}", .tag),
    ("!!python/object/apply:os.system ['id']", .tag), ("a: 1\n---\nb: 2", .severalDocuments),
    ("--- 1\n--- 2", .severalDocuments), ("a: 1\na: 2", .duplicate), ("{a: 1, 'a': 2}", .duplicate),
    ("x: {b: 1, b: 1}", .duplicate), ("? [1]\n: 2", .key), ("? {a: 1}\n: 2", .key), ("{[1]: 2}", .key),
    ("99999999999999999999", .number), ("0xFFFFFFFFFFFFFFFFF", .number), ("-9223372036854775809", .number),
    ("1e999", .number), ("a: b: c", .syntax), ("[1", .syntax), ("{a: 1", .syntax), ("\"a", .syntax),
    ("\ta: 1", .syntax),
    ("a:\n  b\n c: d", .syntax), ("- a\nb: 1", .syntax), ("%FOO bar\n--- a\n...\n%", .syntax),
    ("a: 'x' y", .syntax),
    ("\u{1}", .encoding), ("a\0b", .encoding), ("\u{FFFE}", .encoding),
  ])
  func `what no guest file needs is refused`(_ text: String, _ kind: DocumentError.Kind) {
    #expect(refusal { () throws(DocumentError) in try YAMLText.parse(bytes(text)) } == kind)
  }

  @Test func `an error names line and column`() {
    let error = #expect(throws: DocumentError.self) { try YAMLText.parse(bytes("a: 1\nb: 2\na: 3\n")) }
    #expect(error?.summary == "line 3, column 1: 'a' stands twice")
    let other = #expect(throws: DocumentError.self) { try YAMLText.parse(bytes("a: 1\nb: \u{1}")) }
    #expect(other?.line == 2)
  }

  @Test(.timeLimit(.minutes(60))) func `depth, size and number of nodes are limited`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      bytes(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
    _ = try YAMLText.parse(nested(64))
    #expect(refusal { () throws(DocumentError) in try YAMLText.parse(nested(65)) } == .tooDeep)
    #expect(refusal { () throws(DocumentError) in try YAMLText.parse(nested(100_000)) } == .tooDeep)
    #expect(
      refusal { () throws(DocumentError) in try YAMLText.parse(bytes(String(repeating: "- ", count: 100_000)))
      } == .tooDeep)
    #expect(
      refusal { () throws(DocumentError) in
        try YAMLText.parse(bytes(String(repeating: "{a: ", count: 100_000)))
      } == .tooDeep)
    let wide = bytes("[" + String(repeating: "1,", count: 100_001) + "]")
    #expect(refusal { () throws(DocumentError) in try YAMLText.parse(wide) } == .tooManyNodes)
    let large = bytes("a: " + String(repeating: "x", count: 1 << 20))
    #expect(refusal { () throws(DocumentError) in try YAMLText.parse(large) } == .tooLarge)
  }

  @Test func `mutated documents are read or refused, and what is read is written back the same`() throws {
    var random = Seeded(5)
    var accepted = 0
    for _ in 0..<10_000 {
      guard let value = try? YAMLText.parse(random.mutated(bytes(Self.guest))) else { continue }
      accepted += 1
      #expect(try YAMLText.parse(bytes(YAMLText.emit(value))) == value)
    }
    #expect(accepted > 500)
  }
}
