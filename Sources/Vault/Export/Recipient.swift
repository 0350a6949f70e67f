package import Bytes
package import CVMCrypto
package import PostQuantum

/// Whom keys are sealed to: the public half of an X-Wing key in a file that anybody may have, a `CheckedKeyFile` with the
/// magic `CVMP`.
package struct Recipient: Equatable, Sendable {
  package let key: XWing.PublicKey
  /// SHA-256 of the public key: what people compare.
  package let fingerprint: [UInt8]

  package static let fingerprintSize = 32

  private static let layout = CheckedKeyFile(
    format: "recipient", magic: "CVMP", algorithm: Envelope.Algorithm.xWing.rawValue,
    keySize: XWing.publicKeySize)

  package init(_ key: XWing.PublicKey) throws(CryptoError) {
    self.key = key
    fingerprint = try SHA256.hash(key.bytes)
  }

  package init(parsing file: [UInt8]) throws(FormatError) {
    let bytes = try Self.layout.parse(SecretBytes(copying: file)).withBytes { unsafe Array($0) }
    do { try self.init(try XWing.PublicKey(bytes)) } catch {
      throw FormatError(Self.layout.format, at: 8, .invalid(field: "KEY", reason: "not a public key"))
    }
  }

  package func serialized() throws(CryptoError) -> [UInt8] {
    try Self.layout.serialize(SecretBytes(copying: key.bytes)).withBytes { unsafe Array($0) }
  }
}

/// Who opens what is sealed to its recipient: the private half, 32 bytes of seed, in a file that only its owner can read, a
/// `CheckedKeyFile` with the magic `CVMI`.
package struct Identity: Sendable {
  package let recipient: Recipient
  let key: XWing.PrivateKey
  private let seed: SecretBytes

  private static let layout = CheckedKeyFile(
    format: "identity", magic: "CVMI", algorithm: Envelope.Algorithm.xWing.rawValue, keySize: XWing.seedSize)

  private init(seed: SecretBytes) throws(CryptoError) {
    self.seed = seed
    key = try XWing.PrivateKey(seed: seed)
    recipient = try Recipient(key.publicKey)
  }

  package static func fresh() throws(CryptoError) -> Identity {
    try Identity(seed: SecretBytes.random(XWing.seedSize))
  }

  package init(parsing file: SecretBytes) throws(FormatError) {
    let seed = try Self.layout.parse(file)
    do { try self.init(seed: seed) } catch {
      throw FormatError(Self.layout.format, at: 8, .invalid(field: "KEY", reason: "not a seed"))
    }
  }

  package func serialized() throws(CryptoError) -> SecretBytes { try Self.layout.serialize(seed) }
}
