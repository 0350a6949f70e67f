private import COpenSSL

/// A hash of RFC 6962's Merkle tree (section 2.1): SHA-256, of a leaf behind a zero byte, of two nodes behind a one,
/// so that no leaf can pass for a node.
package struct TreeHash: Hashable, Sendable {
  /// Bytes of a hash.
  package static let size = 32

  /// In place, not in an array: the check of a log has a million of them.
  private var lanes = SIMD32<UInt8>()

  private init() {}

  /// Nil unless there are 32 bytes.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.size else { return nil }
    for (index, byte) in bytes.enumerated() { lanes[index] = byte }
  }

  /// From memory; nil unless there are 32 bytes.
  @safe package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.size else { return nil }
    unsafe withUnsafeMutableBytes(of: &lanes) { unsafe $0.copyMemory(from: bytes) }
  }

  package var bytes: [UInt8] { unsafe withUnsafeBytes(of: lanes) { unsafe Array($0) } }

  /// The hash of a tree without leaves: of nothing.
  package static func empty() throws(CryptoError) -> TreeHash {
    guard let hash = TreeHash(try SHA256.hash([])) else { throw .invalidInput("a hash of another size") }
    return hash
  }

  package static func leaf(_ entry: [UInt8]) throws(CryptoError) -> TreeHash {
    try entry.withBytes { (bytes) throws(CryptoError) in try leaf(bytes) }
  }

  @safe package static func leaf(_ entry: UnsafeRawBufferPointer) throws(CryptoError) -> TreeHash {
    var hash = TreeHash()
    let code = unsafe withUnsafeMutableBytes(of: &hash.lanes) { digest in
      unsafe cvm_sha256_tagged(
        0, entry.baseAddress, entry.count, nil, 0, digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    guard code == 1 else { throw .drain("SHA256") }
    return hash
  }

  package static func node(_ left: TreeHash, _ right: TreeHash) throws(CryptoError) -> TreeHash {
    var hash = TreeHash()
    let code = unsafe withUnsafeMutableBytes(of: &hash.lanes) { digest in
      unsafe withUnsafeBytes(of: left.lanes) { left in
        unsafe withUnsafeBytes(of: right.lanes) { right in
          unsafe cvm_sha256_tagged(
            1, left.baseAddress, left.count, right.baseAddress, right.count,
            digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
      }
    }
    guard code == 1 else { throw .drain("SHA256") }
    return hash
  }
}
