import Bytes
import CVMCrypto

/// A key in a file of its own, with a check over it.
///
/// | offset   | size | field     | content                                          |
/// |---------:|-----:|-----------|--------------------------------------------------|
/// |     0x00 |    4 | MAGIC     | what it is: `CVMR`, `CVMI`, `CVMP`               |
/// |     0x04 |    1 | VERSION   | must be 1                                        |
/// |     0x05 |    1 | ALGORITHM | 0 for AES-256, else as an `Envelope` numbers it  |
/// |     0x06 |    2 | reserved  | must be 0                                        |
/// |     0x08 |    n | KEY       |                                                  |
/// | 0x08 + n |   32 | CHECK     | SHA-256 of all before it                         |
///
/// The check finds a file that was cut, changed on disk or is something else; whoever can write the file can write the check.
struct CheckedKeyFile {
  /// As errors call it.
  let format: String
  let magic: String
  let algorithm: UInt8
  let keySize: Int

  private static let headerSize = 8
  private static let checkSize = 32

  private var header: [UInt8] { Array(magic.utf8) + [1, algorithm, 0, 0] }

  func serialize(_ key: SecretBytes) throws(CryptoError) -> SecretBytes {
    let body = SecretBytes.joined([SecretBytes(copying: header), key])
    return SecretBytes.joined([body, SecretBytes(copying: try Self.check(body))])
  }

  /// The key of what `serialize` gives for some key.
  func parse(_ file: SecretBytes) throws(FormatError) -> SecretBytes {
    let checked = Self.headerSize + keySize
    let size = checked + Self.checkSize
    guard file.count == size, let key = file.slice(Self.headerSize..<checked),
      let body = file.slice(0..<checked), let end = file.slice(checked..<size)
    else { throw FormatError(format, at: 0, .wrongSize(expected: size, found: file.count)) }
    guard file.slice(0..<Self.headerSize) == SecretBytes(copying: header) else {
      throw FormatError(format, at: 0, .invalid(field: "header", reason: "not that of this kind of file"))
    }
    guard let check = try? Self.check(body), end == SecretBytes(copying: check) else {
      throw FormatError(format, at: checked, .invalid(field: "CHECK", reason: "does not fit the key"))
    }
    return key
  }

  private static func check(_ body: SecretBytes) throws(CryptoError) -> [UInt8] {
    let stream = try SHA256.Stream()
    body.withBytes { stream.update($0) }
    return try stream.finalize()
  }
}
