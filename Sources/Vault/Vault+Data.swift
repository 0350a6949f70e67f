package import CVMCrypto

/// Data of a tenant under a key of the tenant's own: the same envelope, its key version in the KEK's place.
extension Vault {
  /// The context of data that the key `object` encrypts: another purpose than any wrapped key has.
  private static func context(_ tenant: String, _ object: String, _ version: UInt32) -> KeyContext {
    KeyContext(tenant: tenant, object: object, version: version, purpose: "wrapped-data")
  }

  /// The envelope of `data` (1 byte to 64 KiB) under version `version` of a 32-byte key.
  package static func encrypt(
    _ data: SecretBytes, key: SecretBytes, version: UInt32, of object: String, tenant: String
  ) throws(VaultError) -> [UInt8] {
    guard secretSizes.contains(data.count) else {
      throw .crypto(.invalidInput("data of \(data.count) bytes"))
    }
    return try seal(data, key: key, kekVersion: version, context(tenant, object, version))
  }

  /// The data in an envelope that `encrypt` made with this key.
  package static func decrypt(
    _ envelope: Envelope, key: SecretBytes, of object: String, tenant: String
  ) throws(VaultError) -> SecretBytes {
    try open(envelope, key: key, context(tenant, object, envelope.kekVersion))
  }
}
