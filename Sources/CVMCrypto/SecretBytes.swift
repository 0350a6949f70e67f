private import COpenSSL

/// Bytes that must not leave this process: in pages of their own, locked against swapping, left out of
/// core dumps, zero in a forked child, wiped when the last reference ends. Never printable; compared in
/// constant time.
///
/// Locking is best effort: the limit RLIMIT_MEMLOCK is as small as 64 KiB on some systems, and a tool
/// that then refuses every key protects nobody. `isLocked` says what was reached; all other protections
/// always hold.
@safe package final class SecretBytes: @unchecked Sendable, Equatable {
  package let count: Int
  private let pages: SecretPages

  /// `count` zero bytes.
  package init(count: Int) {
    precondition(count >= 0, "a negative number of secret bytes")
    pages = SecretPages.take(count)
    self.count = count
  }

  deinit { pages.giveBack() }

  /// A copy. The caller's array is not wiped: for values that were never secret, as in tests.
  package convenience init(copying bytes: [UInt8]) {
    self.init(count: bytes.count)
    bytes.withBytes { source in unsafe target.copyMemory(from: source) }
  }

  /// Fresh random bytes.
  package static func random(_ count: Int) throws(CryptoError) -> SecretBytes {
    try filled(count) { target throws(CryptoError) in try unsafe Random.fillPrivate(target) }
  }

  /// Bytes that `body` writes into place: the way from a file or a C library without a copy elsewhere.
  @safe package static func filled<E: Error>(
    _ count: Int, by body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> SecretBytes {
    let secret = SecretBytes(count: count)
    try unsafe body(secret.target)
    return secret
  }

  /// Lends the bytes for the time of `body`; the pointer must not escape.
  @safe package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(UnsafeRawBufferPointer(target))
  }

  /// A copy of a part; nil where the range leaves the bytes.
  package func slice(_ range: Range<Int>) -> SecretBytes? {
    guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
    return SecretBytes.filled(range.count) { part in
      unsafe part.copyMemory(from: UnsafeRawBufferPointer(rebasing: target[range]))
    }
  }

  /// All parts, one after another.
  package static func joined(_ parts: [SecretBytes]) -> SecretBytes {
    filled(parts.reduce(0) { $0 + $1.count }) { whole in
      var offset = 0
      for part in parts {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: whole[offset..<(offset + part.count)])
        unsafe room.copyMemory(from: UnsafeRawBufferPointer(part.target))
        offset += part.count
      }
    }
  }

  /// Constant time for equal lengths.
  package static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe CRYPTO_memcmp(a.start, b.start, a.count) == 0
  }

  /// Whether the pages are kept out of swap.
  package var isLocked: Bool { pages.isLocked }

  private var start: UnsafeMutableRawPointer { unsafe pages.start }

  private var target: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
  }
}
