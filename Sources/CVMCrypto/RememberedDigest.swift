private import COpenSSL
private import Glibc
private import Synchronization

/// The state of a hash after the large array that was hashed last. A launch hashes its firmware three times (owner's
/// prediction, AMD-SP, appraisal), and a thousand launches mostly the same one: to compare 2 MiB takes a tenth of the
/// time that hashing them does, and is exact.
enum RememberedDigest {
  /// Bytes that are worth it; what is hashed in pieces comes in smaller ones. The array stays in memory until another
  /// one is hashed.
  static let sizes = (1 << 20) + 1...16 << 20

  @safe private struct State: @unchecked Sendable {
    let bytes: [UInt8]
    let algorithm: HashAlgorithm
    let context: OpaquePointer  // EVP_MD_CTX, freed when the next state takes its place
  }

  private static let last = Mutex<State?>(nil)

  /// Sets `context` to the state after just these bytes; false where they are not those remembered.
  @unsafe static func recall(_ bytes: [UInt8], _ algorithm: HashAlgorithm, into context: OpaquePointer)
    -> Bool
  {
    last.withLock { last in
      guard let last, last.algorithm == algorithm, isEqual(last.bytes, bytes) else { return false }
      return unsafe EVP_MD_CTX_copy_ex(context, last.context) == 1
    }
  }

  /// Remembers the state after just these bytes.
  @unsafe static func remember(_ bytes: [UInt8], _ algorithm: HashAlgorithm, _ context: OpaquePointer) {
    guard let copy = unsafe EVP_MD_CTX_new() else { return }
    guard unsafe EVP_MD_CTX_copy_ex(copy, context) == 1 else { return unsafe EVP_MD_CTX_free(copy) }
    last.withLock { last in
      if let old = last { unsafe EVP_MD_CTX_free(old.context) }
      last = unsafe State(bytes: bytes, algorithm: algorithm, context: copy)
    }
  }

  /// The same storage, or the same bytes in it.
  private static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.withBytes { one in
      other.withBytes { other in
        guard let left = one.baseAddress, let right = other.baseAddress else { return false }
        return unsafe one.count == other.count && (left == right || memcmp(left, right, one.count) == 0)
      }
    }
  }
}
