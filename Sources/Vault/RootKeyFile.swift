import CVMCrypto

/// The bytes of `root.key`.
///
/// | offset | size | field    | content                          |
/// |-------:|-----:|----------|----------------------------------|
/// |   0x00 |    4 | MAGIC    | `CVMR`                           |
/// |   0x04 |    1 | VERSION  | must be 1                        |
/// |   0x05 |    3 | reserved | must be 0                        |
/// |   0x08 |   32 | KEY      | random                           |
/// |   0x28 |   32 | CHECK    | SHA-256 of bytes 0x00..<0x28     |
///
/// The check finds a file that was cut, changed on disk or is something else; whoever can write the file can
/// write the check.
enum RootKeyFile {
  static let size = 0x48
  static let keySize = 32

  private static let header: [UInt8] = Array("CVMR".utf8) + [1, 0, 0, 0]
  private static let checked = 0x28

  static func serialize(_ key: SecretBytes) throws(CryptoError) -> SecretBytes {
    let body = SecretBytes.joined([SecretBytes(copying: header), key])
    return SecretBytes.joined([body, SecretBytes(copying: try check(body))])
  }

  /// The key; nil unless the file is what `serialize` gives for some key.
  static func parse(_ file: SecretBytes) throws(CryptoError) -> SecretBytes? {
    guard file.count == size, let found = file.slice(0..<header.count), found == SecretBytes(copying: header),
      let body = file.slice(0..<checked), let end = file.slice(checked..<size),
      end == SecretBytes(copying: try check(body))
    else { return nil }
    return file.slice(header.count..<checked)
  }

  private static func check(_ body: SecretBytes) throws(CryptoError) -> [UInt8] {
    let stream = try SHA256.Stream()
    body.withBytes { stream.update($0) }
    return try stream.finalize()
  }
}
