import Bytes
import CVMCrypto

/// What a seal by shares says of them.
///
/// | offset | size | field     | content                        |
/// |-------:|-----:|-----------|--------------------------------|
/// |   0x00 |    1 | THRESHOLD | 2...SHARES                     |
/// |   0x01 |    1 | SHARES    | 2...255                        |
/// |   0x02 |    2 | reserved  | must be 0                      |
/// |   0x04 |    8 | SET       | random: which shares belong here |
package struct ShamirSeal: Equatable, Sendable {
  static let size = 0x0C
  static let setSize = 8

  package let threshold: Int
  package let shares: Int
  package let set: [UInt8]

  package init(threshold: Int, shares: Int) throws(VaultError) {
    guard Shamir.counts.contains(threshold), Shamir.counts.contains(shares), threshold <= shares else {
      throw .crypto(.invalidInput("\(threshold) of \(shares) shares"))
    }
    do { set = try Random.bytes(Self.setSize) } catch { throw .crypto(error) }
    self.threshold = threshold
    self.shares = shares
  }

  init(parsing bytes: [UInt8], at base: Int) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: SealedRootKey.format)
    let (threshold, shares): (UInt8, UInt8) = (try cursor.littleEndian(), try cursor.littleEndian())
    try cursor.zeros(2, field: "reserved")
    set = try cursor.array(Self.setSize)
    try cursor.finish()
    guard threshold >= 2, threshold <= shares else {
      throw FormatError(
        SealedRootKey.format, at: base, .invalid(field: "THRESHOLD", reason: "out of range"))
    }
    self.threshold = Int(threshold)
    self.shares = Int(shares)
  }

  func serialized() -> [UInt8] { [UInt8(clamping: threshold), UInt8(clamping: shares), 0, 0] + set }

  /// The shares of a fresh wrapping key, and the key.
  func split() throws(VaultError) -> (key: SecretBytes, shares: [KeyShare]) {
    do {
      let key = try SecretBytes.random(AES256GCM.keySize)
      let parts = try Shamir.split(key, threshold: threshold, shares: shares)
      return (key, parts.map { KeyShare(set: set, threshold: threshold, share: $0) })
    } catch {
      throw .crypto(error)
    }
  }

  /// The wrapping key of enough shares of this very set.
  func key(of given: [KeyShare]) throws(VaultError) -> SecretBytes {
    try Self.key(of: given, set: set, threshold: threshold)
  }

  /// The key of enough shares of a set of which no more is known than the shares say.
  static func key(of given: [KeyShare], set: [UInt8]) throws(VaultError) -> SecretBytes {
    try key(of: given, set: set, threshold: given.map(\.threshold).max() ?? 2)
  }

  private static func key(
    of given: [KeyShare], set: [UInt8], threshold: Int
  ) throws(VaultError) -> SecretBytes {
    if let foreign = given.first(where: { $0.set != set }) {
      throw .foreignShare(file: foreign.source, set: Hex.encode(set))
    }
    var distinct: [UInt8: KeyShare] = [:]
    for share in given { distinct[Shamir.x(of: share.share)] = share }
    guard distinct.count >= threshold else { throw .fewShares(given: distinct.count, needed: threshold) }
    let chosen = distinct.keys.sorted().prefix(threshold).compactMap { distinct[$0]?.share }
    do { return try Shamir.combine(chosen) } catch { throw .crypto(error) }
  }
}
