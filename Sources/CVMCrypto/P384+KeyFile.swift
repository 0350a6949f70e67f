private import COpenSSL

extension P384.PrivateKey {
  /// The most bytes that a file with a key of P-384 can need.
  package static var fileLimit: Int { 16 << 10 }

  /// From the content of a key file: PEM or DER, PKCS #8 (RFC 5208) or RFC 5915, without a passphrase.
  /// Throws `.invalidKey` for anything else, and for another curve.
  package convenience init(file: SecretBytes) throws(CryptoError) {
    guard file.count > 0, file.count <= Self.fileLimit else { throw .invalidKey("not a key file") }
    let key = file.withBytes { bytes in
      unsafe cvm_private_key(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(bytes.count))
    }
    ERR_clear_error()  // what the file was taken for in vain
    guard let key = unsafe key else {
      throw .invalidKey("no private key in PEM or DER, or one with a passphrase")
    }
    let handle = unsafe KeyHandle(owning: key)
    guard handle.isOn("secp384r1") else { throw .invalidKey("not a key on P-384") }
    try self.init(scalar: handle.integer("priv", count: P384.size))
  }
}

extension KeyHandle {
  /// Whether this is a key on the curve of this name, given by name.
  fileprivate func isOn(_ curve: String) -> Bool {
    var (name, size) = ([CChar](repeating: 0, count: 32), 0)
    let found = unsafe EVP_PKEY_get_group_name(pointer, &name, name.count, &size) == 1
    ERR_clear_error()
    return found && name.prefix(size).elementsEqual(curve.utf8.map { CChar(bitPattern: $0) })
  }
}
