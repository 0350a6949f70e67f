package import Bytes
package import CVMCrypto

/// AMD's root (ARK) and SEV signing (ASK) certificate in the SEV firmware's own form. Little-endian,
/// sizes in bits, n bytes of modulus. Source: AMD 55766, appendix C, "AMD certificate format".
///
/// | offset   | size | field         | Swift                                      |
/// |---------:|-----:|---------------|--------------------------------------------|
/// |     0x00 |    4 | VERSION       | must be 1                                  |
/// |     0x04 |   16 | KEY_ID        | `keyID`                                    |
/// |     0x14 |   16 | CERTIFYING_ID | `certifyingID`                             |
/// |     0x24 |    4 | KEY_USAGE     | `usage`: ARK or ASK                        |
/// |     0x28 |   16 | reserved      | must be zero                               |
/// |     0x38 |    4 | PUBEXP_SIZE   | 2048 or 4096                               |
/// |     0x3C |    4 | MODULUS_SIZE  | the same                                   |
/// |     0x40 |    n | PUBEXP        | `key.exponent`                             |
/// |   0x40+n |    n | MODULUS       | `key.modulus`                              |
/// |  0x40+2n |    n | SIGNATURE     | `signature`; RSASSA-PSS over all before it |
///
/// The whole has 832 or 1600 bytes; the first Naples ARK was published without its signature, 576 bytes.
/// A KEY_ID is not an identity: anyone can write one. Roots are told by their modulus.
package struct CACertificate: Equatable, Sendable {
  /// The sizes of a file.
  package static let sizes = [576, 832, 1600]
  package static let idSize = 16
  private static let headerSize = 0x40
  private static let version: UInt32 = 1

  /// The KEY_ID under which the unsigned form is accepted.
  package static let naplesRootID: [UInt8] = [
    0x1B, 0xB9, 0x87, 0xC3, 0x59, 0x49, 0x46, 0x06, 0xB1, 0x74, 0x94, 0x56, 0x01, 0xC9, 0xEA, 0x5B,
  ]

  package let keyID: [UInt8]
  package let certifyingID: [UInt8]
  /// `.ark` or `.ask`.
  package let usage: CertificateUsage
  package let key: RSAPSS.PublicKey
  /// Little-endian, as long as the signer's modulus. Nil for the unsigned Naples ARK.
  package private(set) var signature: [UInt8]?

  /// A certificate that is still to be signed. Throws unless the key has 2048 or 4096 bits, the ids 16
  /// bytes, and the usage is a CA's.
  package init(
    keyID: [UInt8], certifyingID: [UInt8], usage: CertificateUsage, key: RSAPSS.PublicKey
  ) throws(CryptoError) {
    guard keyID.count == Self.idSize, certifyingID.count == Self.idSize, usage == .ark || usage == .ask,
      key.modulus.count == 256 || key.modulus.count == 512
    else { throw .invalidInput("not an AMD root or signing certificate") }
    self.keyID = keyID
    self.certifyingID = certifyingID
    self.usage = usage
    self.key = key
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: "AMD CA certificate")
    try cursor.require(Self.version, field: "VERSION")
    keyID = try cursor.array(Self.idSize)
    certifyingID = try cursor.array(Self.idSize)
    usage = try Self.usage(&cursor)
    try cursor.zeros(16, field: "reserved")
    let count = try Self.modulusSize(&cursor)
    let keyOffset = cursor.offset
    let exponent = try cursor.array(count)
    guard let key = RSAField.key(modulus: try cursor.array(count), exponent: exponent),
      key.modulus.count == count
    else {
      throw FormatError(cursor.format, at: keyOffset, .invalid(field: "MODULUS", reason: "not an RSA key"))
    }
    self.key = key
    let isUnsignedRoot = cursor.remaining == 0 && count == 256 && usage == .ark && keyID == Self.naplesRootID
    signature = isUnsignedRoot ? nil : try cursor.array(count)
    try cursor.finish()
  }

  /// The certificate that starts `bytes`; its own header tells how long it is (`size`).
  package static func size(ofFirstIn bytes: [UInt8]) throws(FormatError) -> Int {
    var cursor = ByteCursor(bytes, format: "AMD CA certificate")
    try cursor.require(Self.version, field: "VERSION")
    let isNaplesRoot = try cursor.array(Self.idSize) == naplesRootID
    _ = try cursor.array(Self.idSize + 4 + 16)  // read by the parser proper
    let count = try modulusSize(&cursor)
    let signed = headerSize + 3 * count
    let unsigned = headerSize + 2 * count
    guard isNaplesRoot, count == 256, bytes.count != signed else { return signed }
    return Self.startsCertificate(bytes, at: unsigned) ? unsigned : signed
  }

  /// Whether nothing, or the header of another certificate, stands at `offset`: then the one before it
  /// ends there.
  private static func startsCertificate(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard offset < bytes.count else { return offset == bytes.count }
    return bytes[offset...].starts(with: version.littleEndianBytes)
      && [832, 1600].contains(bytes.count - offset)
  }

  package func serialized() -> [UInt8] { signedBytes + (signature ?? []) }

  /// What the signature is over.
  package var signedBytes: [UInt8] {
    let count = key.modulus.count
    var writer = ByteWriter(capacity: Self.headerSize + 3 * count)
    writer.littleEndian(Self.version)
    writer.append(keyID + certifyingID)
    writer.littleEndian(usage.rawValue)
    writer.zeros(16)
    writer.littleEndian(UInt32(count * 8))
    writer.littleEndian(UInt32(count * 8))
    writer.append(RSAField.encode(key.exponent, size: count))
    writer.append(RSAField.encode(key.modulus, size: count))
    return writer.bytes
  }

  private static func usage(_ cursor: inout ByteCursor) throws(FormatError) -> CertificateUsage {
    let start = cursor.offset
    let number: UInt32 = try cursor.littleEndian()
    guard let usage = CertificateUsage(rawValue: number), usage == .ark || usage == .ask else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "KEY_USAGE", found: UInt64(number), expected: "ARK or ASK"))
    }
    return usage
  }

  /// Bytes of the modulus, from the two size fields.
  private static func modulusSize(_ cursor: inout ByteCursor) throws(FormatError) -> Int {
    let start = cursor.offset
    let exponentBits: UInt32 = try cursor.littleEndian()
    guard exponentBits == 2048 || exponentBits == 4096 else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "PUBEXP_SIZE", found: UInt64(exponentBits), expected: "2048 or 4096"))
    }
    try cursor.require(exponentBits, field: "MODULUS_SIZE")
    return Int(exponentBits / 8)
  }
}

extension CACertificate {
  /// This certificate as a parent of a SEV certificate. No field tells the algorithm: 2048 bits sign with
  /// SHA-256, 4096 with SHA-384.
  package var signer: CertificateSigner {
    let algorithm: CertificateAlgorithm = key.modulus.count == 256 ? .rsaSHA256 : .rsaSHA384
    return CertificateSigner(usage: usage, algorithm: algorithm, key: .rsa(key))
  }

  /// SHA-256 of the modulus, big-endian: what a root is pinned by.
  package func modulusDigest() throws(CryptoError) -> [UInt8] { try SHA256.hash(key.modulus) }

  /// Whether `parent` signed this certificate: the ids fit, all 16 bytes of them, and so does the
  /// signature. False without a signature.
  package func isSigned(by parent: CACertificate) throws(CryptoError) -> Bool {
    guard let signature, certifyingID == parent.keyID, parent.usage == .ark else { return false }
    return try parent.key.verify(signature.reversed(), of: signedBytes, hash: parent.signer.algorithm.hash)
  }

  /// Signs with the key of the certificate whose id is `certifyingID`; both keys are of one size.
  package mutating func sign(with key: RSAPSS.PrivateKey) throws(CryptoError) {
    guard key.publicKey.modulus.count == self.key.modulus.count else {
      throw .invalidKey("the signer's key is of another size")
    }
    let hash: HashAlgorithm = key.publicKey.modulus.count == 256 ? .sha256 : .sha384
    signature = try key.sign(signedBytes, hash: hash).reversed()
  }
}
