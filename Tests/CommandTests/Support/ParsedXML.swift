import Foundation
import TestHarness

/// XML read by a parser that is not ours (libxml2's).
struct ParsedXML {
  let text: String

  init(_ text: String) { self.text = text }

  /// For each XPath the texts and attribute values that it finds.
  func values(_ paths: [String]) throws -> [[String]] {
    let script = """
      import json, sys
      from lxml import etree
      document = etree.fromstring(sys.stdin.buffer.read())
      found = [document.xpath(path) for path in sys.argv[1:]]
      print(json.dumps([[each if isinstance(each, str) else each.text or "" for each in some] for some in found]))
      """
    let outcome = try Tool("/usr/bin/python3").run(["-c", script] + paths, stdin: Data(text.utf8))
    guard outcome.status == 0, let values = try outcome.json() as? [[String]] else {
      throw HarnessError("not read: \(outcome.stderr)\n\(text)")
    }
    return values
  }

  func values(_ path: String) throws -> [String] { try values([path])[0] }
}
