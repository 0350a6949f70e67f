/// `NAME`, or `NAME@VERSION` for one version of a key.
package struct KeyReference: Equatable, Sendable {
  package let name: String
  /// Nil where none was named.
  package let version: Int64?

  package init(_ text: String) throws(CoreError) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    name = try KeyName.check(String(parts[0]))
    guard parts.count > 1 else {
      version = nil
      return
    }
    guard let number = UInt32(parts[1]), number > 0, !parts[1].hasPrefix("+") else {
      throw .usage("key '\(text)': a version is a number from 1 on", hint: "for example \(name)@2")
    }
    version = Int64(number)
  }
}

/// The names that a tenant may give to its keys and their purposes.
package enum KeyName {
  /// 1 to 128 lower-case letters, digits, hyphens, dots, underscores, and slashes between such words: `disk/web1`.
  package static func check(_ name: String) throws(CoreError) -> String {
    let words = name.split(separator: "/", omittingEmptySubsequences: false)
    guard name.utf8.count <= 128, words.allSatisfy({ isWord($0) }) else {
      throw .usage(
        "key '\(name)': a name is 1 to 128 lower-case letters, digits, '-', '.', '_' and '/', each word of it beginning with a letter or digit"
      )
    }
    return name
  }

  /// 1 to 32 lower-case letters, digits and hyphens.
  package static func checkPurpose(_ purpose: String) throws(CoreError) -> String {
    guard isWord(purpose[...]), purpose.utf8.count <= 32, !purpose.contains("."), !purpose.contains("_")
    else {
      throw .usage("purpose '\(purpose)': it is 1 to 32 lower-case letters, digits and hyphens")
    }
    return purpose
  }

  private static func isWord(_ word: Substring) -> Bool {
    guard let first = word.utf8.first, isAlphanumeric(first) else { return false }
    return word.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
