package import Bytes
import CVMCrypto
import PostQuantum

/// A wrapped secret as it is stored. Little-endian.
///
/// | offset | size | field       | Swift                                     |
/// |-------:|-----:|-------------|-------------------------------------------|
/// |   0x00 |    4 | MAGIC       | `CVME`                                    |
/// |   0x04 |    1 | VERSION     | must be 1                                 |
/// |   0x05 |    1 | ALGORITHM   | `algorithm`                               |
/// |   0x06 |    2 | reserved    | must be 0                                 |
/// |   0x08 |    4 | KEK_VERSION | `kekVersion`: 0 is the root key           |
/// |   0x0C |   12 | NONCE       | `nonce`                                   |
/// |   0x18 |    4 | LENGTH      | of what follows                           |
/// |   0x1C |    n | CIPHERTEXT  | `ciphertext`, with the tag at its end     |
///
/// | algorithm | name          | NONCE      | CIPHERTEXT                                                |
/// |----------:|---------------|------------|-----------------------------------------------------------|
/// |         1 | `aes-256-gcm` | random     | of AES-256-GCM, 16-byte tag                               |
/// |         2 | `x-wing`      | must be 0  | HPKE's `enc`, 1120 bytes, and its ciphertext, 16-byte tag |
///
/// The associated data of either are bytes 0x00..<0x0C of the envelope and the encoded `KeyContext`: no field can be changed and no
/// envelope moved. HPKE's suite is `XWing`'s, its info `cvmctl/envelope/v1`. See cvmctl-envelope(5).
package struct Envelope: Equatable, Sendable {
  package enum Algorithm: UInt8, CaseIterable, Sendable {
    case aes256GCM = 1
    case xWing = 2

    /// As commands show it.
    package var name: String {
      switch self {
      case .aes256GCM: "aes-256-gcm"
      case .xWing: "x-wing"
      }
    }

    /// Bytes of the ciphertext beside the secret's.
    fileprivate var overhead: Int {
      switch self {
      case .aes256GCM: Envelope.tagSize
      case .xWing: XWing.encapsulatedSize + XWing.tagSize
      }
    }
  }

  package let algorithm: Algorithm
  package let kekVersion: UInt32
  package let nonce: [UInt8]
  package let ciphertext: [UInt8]

  static let format = "envelope"
  private static let magic = Array("CVME".utf8)
  private static let version: UInt8 = 1
  private static let nonceSize = 12
  private static let tagSize = 16
  /// Of an algorithm that has none of its own here.
  static var noNonce: [UInt8] { [UInt8](repeating: 0, count: nonceSize) }

  package init(algorithm: Algorithm, kekVersion: UInt32, nonce: [UInt8], ciphertext: [UInt8]) {
    self.algorithm = algorithm
    self.kekVersion = kekVersion
    self.nonce = nonce
    self.ciphertext = ciphertext
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: Self.format)
    guard try cursor.array(4) == Self.magic else {
      throw FormatError(Self.format, at: 0, .invalid(field: "MAGIC", reason: "not CVME"))
    }
    try cursor.require(Self.version, field: "VERSION")
    let number: UInt8 = try cursor.littleEndian()
    guard let algorithm = Algorithm(rawValue: number) else {
      throw FormatError(
        Self.format, at: 5, .unexpected(field: "ALGORITHM", found: UInt64(number), expected: "1 or 2"))
    }
    try cursor.zeros(2, field: "reserved")
    let kekVersion: UInt32 = try cursor.littleEndian()
    let nonce = try cursor.array(Self.nonceSize)
    guard algorithm != .xWing || nonce == Self.noNonce else {
      throw FormatError(Self.format, at: 0x0C, .invalid(field: "NONCE", reason: "not 0"))
    }
    let length: UInt32 = try cursor.littleEndian()
    guard let length = Int(exactly: length), Vault.secretSizes.contains(length - algorithm.overhead) else {
      throw FormatError(Self.format, at: 0x18, .invalid(field: "LENGTH", reason: "out of range"))
    }
    let ciphertext = try cursor.array(length)
    try cursor.finish()
    self.init(algorithm: algorithm, kekVersion: kekVersion, nonce: nonce, ciphertext: ciphertext)
  }

  package func serialized() -> [UInt8] {
    var writer = ByteWriter(capacity: 0x1C + ciphertext.count)
    writer.append(Self.header(algorithm, kekVersion))
    writer.append(nonce)
    writer.littleEndian(UInt32(truncatingIfNeeded: ciphertext.count))
    writer.append(ciphertext)
    return writer.bytes
  }

  /// The bytes that are authenticated beside the ciphertext.
  static func header(_ algorithm: Algorithm, _ kekVersion: UInt32) -> [UInt8] {
    magic + [version, algorithm.rawValue, 0, 0] + kekVersion.littleEndianBytes
  }
}
