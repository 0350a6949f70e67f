import Glibc

/// Standard output and error, written whole or reported as failed.
enum Terminal {
  /// Throws where the text could not be written: a full disk must not look like success.
  static func out(_ text: String) throws { try write(text, to: 1) }

  /// A note for people. A closed standard error changes nothing.
  static func note(_ text: String) { try? write(text + "\n", to: 2) }

  /// A question for people: no line end.
  static func prompt(_ text: String) { try? write(text, to: 2) }

  static var errorIsTerminal: Bool { isatty(2) == 1 }

  private static func write(_ text: String, to descriptor: Int32) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if count < 0, errno != EINTR {
        throw OutputError(errno: errno)
      }
    }
  }
}

/// Standard output could not take what was to be shown.
struct OutputError: Error, Equatable {
  let errno: Int32
}
