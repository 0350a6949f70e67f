package import Bytes
package import CVMCrypto

/// A certificate of the SEV firmware: PDH, PEK, OCA, CEK, or a guest owner's Diffie-Hellman key.
/// Little-endian. Source: AMD 55766, appendix C.
///
/// | offset | size  | field           | Swift                    |
/// |-------:|------:|-----------------|--------------------------|
/// |  0x000 |     4 | VERSION         | must be 1                |
/// |  0x004 |     1 | API_MAJOR       | `apiMajor`               |
/// |  0x005 |     1 | API_MINOR       | `apiMinor`               |
/// |  0x006 |     2 | reserved        | must be zero             |
/// |  0x008 |     4 | PUBKEY_USAGE    | `usage`                  |
/// |  0x00C |     4 | PUBKEY_ALGO     | `algorithm`              |
/// |  0x010 | 0x404 | PUBKEY          | `publicKey`              |
/// |  0x414 | 0x208 | first signature | `slots[0]`               |
/// |  0x61C | 0x208 | second signature| `slots[1]`               |
///
/// Both signatures are over the bytes 0x000 to 0x413. Parsing checks the body (and that the key is on its
/// curve) and keeps the signatures as they are: `checkSignature` tells what they are worth.
package struct SEVCertificate: Equatable, Sendable {
  package static let size = 0x824
  static let version: UInt32 = 1

  /// The firmware that made it; 0.0 for certificates of tools.
  package let apiMajor: UInt8
  package let apiMinor: UInt8
  package let usage: CertificateUsage
  package let algorithm: CertificateAlgorithm
  package let publicKey: CertificateKey
  /// Always two.
  package private(set) var slots: [SignatureSlot]

  /// A certificate without signatures. Throws `.invalidKey` where the key is not of the algorithm's kind.
  package init(
    usage: CertificateUsage, algorithm: CertificateAlgorithm, publicKey: CertificateKey, apiMajor: UInt8 = 0,
    apiMinor: UInt8 = 0
  ) throws(CryptoError) {
    switch (algorithm.family, publicKey) {
    case (.ecdh, .p384), (.ecdsa, .p384): break
    case (.rsa, .rsa(let key)) where key.modulus.count == 256 || key.modulus.count == 512: break
    default: throw .invalidKey("the key does not fit the certificate's algorithm")
    }
    guard usage != .none else { throw .invalidKey("a certificate without usage") }
    self.usage = usage
    self.algorithm = algorithm
    self.publicKey = publicKey
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    slots = [.empty, .empty]
  }

  /// A guest owner's certificate for LAUNCH_START (libvirt's `<dhCert>`): usage PDH, ECDH with SHA-256,
  /// no signature. The firmware asks for none.
  package static func ownerDH(publicKey: P384.PublicKey) throws(CryptoError) -> SEVCertificate {
    try SEVCertificate(usage: .pdh, algorithm: .ecdhSHA256, publicKey: .p384(publicKey))
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "SEV certificate", size: Self.size)
    try cursor.require(Self.version, field: "VERSION")
    apiMajor = try cursor.littleEndian()
    apiMinor = try cursor.littleEndian()
    try cursor.zeros(2, field: "reserved")
    usage = try Self.usage(&cursor)
    let (algorithm, family) = try Self.algorithm(&cursor)
    self.algorithm = algorithm
    publicKey = try CertificateKey(parsing: &cursor, family: family)
    slots = [try SignatureSlot(parsing: &cursor), try SignatureSlot(parsing: &cursor)]
    try cursor.finish()
  }

  package func serialized() -> [UInt8] { body + slots[0].serialized() + slots[1].serialized() }

  /// What the signatures are over, 0x414 bytes.
  package var body: [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.littleEndian(Self.version)
    writer.append([apiMajor, apiMinor, 0, 0])
    writer.littleEndian(usage.rawValue)
    writer.littleEndian(algorithm.rawValue)
    writer.append(publicKey.serialized())
    return writer.bytes
  }

  private static func usage(_ cursor: inout ByteCursor) throws(FormatError) -> CertificateUsage {
    let start = cursor.offset
    let number: UInt32 = try cursor.littleEndian()
    guard let usage = CertificateUsage(rawValue: number), usage != .none else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "PUBKEY_USAGE", found: UInt64(number), expected: "a known usage"))
    }
    return usage
  }

  private static func algorithm(
    _ cursor: inout ByteCursor
  ) throws(FormatError) -> (CertificateAlgorithm, CertificateAlgorithm.Family) {
    let start = cursor.offset
    let number: UInt32 = try cursor.littleEndian()
    guard let algorithm = CertificateAlgorithm(rawValue: number), let family = algorithm.family else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "PUBKEY_ALGO", found: UInt64(number), expected: "a known algorithm"))
    }
    return (algorithm, family)
  }
}

extension SEVCertificate {
  package enum SlotNumber: Int, Sendable { case first = 0, second = 1 }

  /// Signs with an EC key that is certified under `usage`, by ECDSA with SHA-256.
  package mutating func sign(
    _ slot: SlotNumber, as usage: CertificateUsage, with key: P384.PrivateKey
  ) throws(CryptoError) {
    let signature = ECDSAField.encode(try key.sign(body, hash: .sha256))
    try fill(slot, usage, .ecdsaSHA256, signature)
  }

  /// Signs with an RSA key that is certified under `usage`: SHA-256 for 2048 bits, SHA-384 for 4096.
  package mutating func sign(
    _ slot: SlotNumber, as usage: CertificateUsage, with key: RSAPSS.PrivateKey
  ) throws(CryptoError) {
    let algorithm: CertificateAlgorithm = key.publicKey.modulus.count == 256 ? .rsaSHA256 : .rsaSHA384
    let signature = try key.sign(body, hash: algorithm.hash)
    try fill(slot, usage, algorithm, signature.reversed())
  }

  /// Takes a signature over as it stands; used by the firmware, which keeps the CEK's when an owner's CA
  /// is imported.
  package mutating func place(_ signature: SignatureSlot, in slot: SlotNumber) {
    slots[slot.rawValue] = signature
  }

  private mutating func fill(
    _ slot: SlotNumber, _ usage: CertificateUsage, _ algorithm: CertificateAlgorithm, _ signature: [UInt8]
  ) throws(CryptoError) {
    slots[slot.rawValue] = try SignatureSlot(
      usage: usage.rawValue, algorithm: algorithm.rawValue, signature: signature)
  }
}
