package import Bytes
package import CVMCrypto

/// Who vouches for an ID block: the ID key signs the block, and an author key may sign the ID key. Little-endian. Source: AMD
/// 56860, table "ID Authentication Information Structure".
///
/// | offset | size  | field         | Swift                                       |
/// |-------:|------:|---------------|---------------------------------------------|
/// |  0x000 |     4 | ID_KEY_ALGO   | must be 1: ECDSA P-384 with SHA-384         |
/// |  0x004 |     4 | AUTH_KEY_ALGO | 1 with an author key, else 0                |
/// |  0x008 |  0x38 | reserved      | must be zero                                |
/// |  0x040 | 0x200 | ID_BLOCK_SIG  | `blockSignature`, over the block's 96 bytes |
/// |  0x240 | 0x404 | ID_KEY        | `idKey`                                     |
/// |  0x644 |  0x3C | reserved      | must be zero                                |
/// |  0x680 | 0x200 | ID_KEY_SIG    | `author.signature`, over ID_KEY             |
/// |  0x880 | 0x404 | AUTHOR_KEY    | `author.key`                                |
/// |  0xC84 | 0x37C | reserved      | must be zero                                |
///
/// A key is a `CertificateKey` of P-384. A signature is R and S, 72 bytes each, and zeros. Without an author key its fields
/// are zero.
package struct IDAuth: Equatable, Sendable {
  package static let size = 4096
  private static let algorithm: UInt32 = 1
  private static let signatureSize = 0x200

  package let idKey: P384.PublicKey
  package let blockSignature: ECDSASignature
  package let author: Author?

  /// The key that signs ID keys, and its signature over this one.
  package struct Author: Equatable, Sendable {
    package let key: P384.PublicKey
    package let signature: ECDSASignature
  }

  package init(idKey: P384.PublicKey, blockSignature: ECDSASignature, author: Author?) {
    self.idKey = idKey
    self.blockSignature = blockSignature
    self.author = author
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "ID authentication", size: Self.size)
    try cursor.require(Self.algorithm, field: "ID_KEY_ALGO")
    let hasAuthor = try Self.hasAuthor(&cursor)
    try cursor.zeros(0x38, field: "reserved")
    blockSignature = try Self.signature(&cursor, field: "ID_BLOCK_SIG")
    idKey = try Self.key(&cursor)
    try cursor.zeros(0x3C, field: "reserved")
    if hasAuthor {
      let signature = try Self.signature(&cursor, field: "ID_KEY_SIG")
      author = Author(key: try Self.key(&cursor), signature: signature)
    } else {
      try cursor.zeros(Self.signatureSize, field: "ID_KEY_SIG without an author key")
      try cursor.zeros(CertificateKey.size, field: "AUTHOR_KEY without an algorithm")
      author = nil
    }
    try cursor.zeros(0x37C, field: "reserved")
    try cursor.finish()
  }

  package func serialized() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.littleEndian(Self.algorithm)
    writer.littleEndian(author == nil ? 0 : Self.algorithm)
    writer.zeros(0x38)
    writer.append(Self.padded(blockSignature))
    writer.append(CertificateKey.p384(idKey).serialized())
    writer.zeros(0x3C)
    if let author {
      writer.append(Self.padded(author.signature))
      writer.append(CertificateKey.p384(author.key).serialized())
    }
    writer.zeros(Self.size - writer.bytes.count)
    return writer.bytes
  }

  /// Signs a block, and the key that signs it.
  package static func sign(
    _ block: IDBlock, idKey: P384.PrivateKey, author: P384.PrivateKey?
  ) throws(CryptoError) -> IDAuth {
    let signature = try idKey.sign(block.serialized(), hash: .sha384)
    let signedKey = CertificateKey.p384(idKey.publicKey).serialized()
    let author = try author.map { key throws(CryptoError) in
      Author(key: key.publicKey, signature: try key.sign(signedKey, hash: .sha384))
    }
    return IDAuth(idKey: idKey.publicKey, blockSignature: signature, author: author)
  }

  /// Whether the ID key's signature is over this block.
  package func signs(_ block: IDBlock) throws(CryptoError) -> Bool {
    try idKey.verify(blockSignature, of: block.serialized(), hash: .sha384)
  }

  /// Whether the author key's signature is over the ID key; nil without an author key.
  package func authorSignsKey() throws(CryptoError) -> Bool? {
    guard let author else { return nil }
    let signedKey = CertificateKey.p384(idKey).serialized()
    return try author.key.verify(author.signature, of: signedKey, hash: .sha384)
  }

  /// ID_KEY_DIGEST of reports, 48 bytes.
  package func idKeyDigest() throws(CryptoError) -> [UInt8] { try Self.digest(of: idKey) }

  /// AUTHOR_KEY_DIGEST of reports, 48 bytes; nil without an author key.
  package func authorKeyDigest() throws(CryptoError) -> [UInt8]? {
    try author.map { author throws(CryptoError) in try Self.digest(of: author.key) }
  }

  private static func digest(of key: P384.PublicKey) throws(CryptoError) -> [UInt8] {
    try SHA384.hash(CertificateKey.p384(key).serialized())
  }

  private static func hasAuthor(_ cursor: inout ByteCursor) throws(FormatError) -> Bool {
    let start = cursor.offset
    let number: UInt32 = try cursor.littleEndian()
    guard number <= algorithm else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "AUTH_KEY_ALGO", found: UInt64(number), expected: "0 or 1"))
    }
    return number == algorithm
  }

  private static func signature(
    _ cursor: inout ByteCursor, field: String
  ) throws(FormatError) -> ECDSASignature {
    let signature = try cursor.p384Signature(field: field)
    try cursor.zeros(signatureSize - 2 * ECDSAField.size, field: field)
    return signature
  }

  private static func key(_ cursor: inout ByteCursor) throws(FormatError) -> P384.PublicKey {
    let start = cursor.offset
    guard case .p384(let key) = try CertificateKey(parsing: &cursor, family: .ecdsa) else {
      throw FormatError(cursor.format, at: start, .invalid(field: "KEY", reason: "not a key of P-384"))
    }
    return key
  }

  private static func padded(_ signature: ECDSASignature) -> [UInt8] {
    let numbers = ECDSAField.encode(signature)
    return numbers + [UInt8](repeating: 0, count: signatureSize - numbers.count)
  }
}
