import Foundation
import TestHarness

/// XML read by a parser that is not ours (libxml2's).
struct ParsedXML {
  let text: String

  /// The texts and attribute values that an XPath finds.
  func values(_ path: String) throws -> [String] {
    let script = """
      import json, sys
      from lxml import etree
      document = etree.fromstring(sys.stdin.buffer.read())
      found = document.xpath(sys.argv[1])
      print(json.dumps([each if isinstance(each, str) else each.text or "" for each in found]))
      """
    let outcome = try Tool("/usr/bin/python3").run(["-c", script, path], stdin: Data(text.utf8))
    guard outcome.status == 0, let values = try outcome.json() as? [String] else {
      throw HarnessError("not read: \(outcome.stderr)\n\(text)")
    }
    return values
  }

  /// How many elements there are in all.
  func count() throws -> Int { try values("//*").count }
}
