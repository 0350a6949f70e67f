import CVMCrypto

/// The bytes of `root.key` under the seal `file`: a `CheckedKeyFile` of 0x48 bytes with the magic `CVMR`.
enum RootKeyFile {
  static let keySize = 32

  private static let layout = CheckedKeyFile(
    format: "root key", magic: "CVMR", algorithm: 0, keySize: keySize)

  static func serialize(_ key: SecretBytes) throws(CryptoError) -> SecretBytes { try layout.serialize(key) }

  /// The key; nil unless the file is what `serialize` gives for some key.
  static func parse(_ file: SecretBytes) -> SecretBytes? { try? layout.parse(file) }
}
