import Foundation

/// A serial console that ends in a file which QEMU's user may write.
package struct Console: Sendable {
  package let path: String

  package var text: String {
    String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self)
  }

  /// Waits for `words`. Firmware puts escape sequences in front of lines: never compare whole ones.
  package func shows(_ words: String, within limit: Duration) -> Bool {
    holds(within: limit) { text.contains(words) }
  }

  /// The hex digits after `CVM-SECRET`: the page of the launch secret as the guest reads it.
  package var secretPage: String? {
    guard let start = text.range(of: "CVM-SECRET ") else { return nil }
    return String(text[start.upperBound...].prefix { $0.isHexDigit })
  }
}

extension ScratchDirectory {
  /// An empty console file for one guest.
  package func console(_ guest: String) throws -> Console {
    let folder = try makeDirectory("console")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    return Console(path: "\(folder)/\(guest)-\(UInt16.random(in: 0 ... .max)).log")
  }
}
