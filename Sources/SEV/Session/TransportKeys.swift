package import CVMCrypto

/// The keys of one launch session, known to the guest owner and to the AMD-SP: encryption (TEK) and
/// integrity (TIK). They belong to one launch; the firmware does not notice a second use.
package struct TransportKeys: Equatable, Sendable {
  /// Bytes of each key.
  package static let keySize = 16

  package let tek: SecretBytes
  package let tik: SecretBytes

  /// Throws `.invalidKey` unless both keys have 16 bytes.
  package init(tek: SecretBytes, tik: SecretBytes) throws(CryptoError) {
    guard tek.count == Self.keySize, tik.count == Self.keySize else {
      throw .invalidKey("transport keys of \(tek.count) and \(tik.count) bytes, not 16")
    }
    self.tek = tek
    self.tik = tik
  }

  /// From TEK ‖ TIK, 32 bytes.
  package init(joined: SecretBytes) throws(CryptoError) {
    guard joined.count == 2 * Self.keySize, let tek = joined.slice(0..<16), let tik = joined.slice(16..<32)
    else { throw .invalidKey("joined transport keys of \(joined.count) bytes, not 32") }
    try self.init(tek: tek, tik: tik)
  }

  /// TEK ‖ TIK.
  package var joined: SecretBytes { .joined([tek, tik]) }

  /// Whether either key is all zero, as the firmware takes them for a launch without a session: such a
  /// launch proves nothing.
  package var areUnset: Bool {
    let zero = SecretBytes(count: Self.keySize)
    return tek == zero || tik == zero
  }
}
