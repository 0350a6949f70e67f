private import COpenSSL

/// AES-256 in Galois/counter mode (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag. A nonce
/// serves one message of a key.
package enum AES256GCM {
  package static let keySize = 32
  package static let nonceSize = 12
  package static let tagSize = 16

  /// The ciphertext, then the tag.
  package static func seal(
    _ plaintext: SecretBytes, key: SecretBytes, nonce: [UInt8], associatedData: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    let context = try CipherContext(.aes256GCM, .encrypt, key: key, iv: nonce)
    try authenticate(associatedData, context)
    var sealed = try array(plaintext.count) { output throws(CryptoError) in
      try plaintext.withBytes { input throws(CryptoError) in
        try unsafe context.apply(to: input, into: output)
      }
    }
    guard finish(context) else { throw .drain("EVP_EncryptFinal") }
    var tag = [UInt8](repeating: 0, count: tagSize)
    guard unsafe EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), &tag) == 1 else {
      throw .drain("EVP_CTRL_AEAD_GET_TAG")
    }
    sealed += tag
    return sealed
  }

  /// Throws `.authenticationFailed` unless every byte is what `seal` gave for this key, nonce and
  /// associated data.
  package static func open(
    _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    guard sealed.count >= tagSize else { throw .authenticationFailed }
    let context = try CipherContext(.aes256GCM, .decrypt, key: key, iv: nonce)
    try authenticate(associatedData, context)
    let count = sealed.count - tagSize
    let plaintext = try SecretBytes.filled(count) { output throws(CryptoError) in
      try sealed.withBytes { input throws(CryptoError) in
        try unsafe context.apply(to: UnsafeRawBufferPointer(rebasing: input[..<count]), into: output)
      }
    }
    var tag = Array(sealed[count...])
    guard unsafe EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), &tag) == 1 else {
      throw .drain("EVP_CTRL_AEAD_SET_TAG")
    }
    guard finish(context) else {
      ERR_clear_error()
      throw .authenticationFailed  // the plaintext is wiped, unseen
    }
    return plaintext
  }

  private static func authenticate(_ data: [UInt8], _ context: CipherContext) throws(CryptoError) {
    guard let length = Int32(exactly: data.count) else { throw .invalidInput("associated data too long") }
    guard length > 0 else { return }
    var written: Int32 = 0
    guard unsafe EVP_CipherUpdate(context.pointer, nil, &written, data, length) == 1 else {
      throw .drain("EVP_CipherUpdate")
    }
  }

  private static func finish(_ context: CipherContext) -> Bool {
    var rest = [UInt8](repeating: 0, count: 16)  // GCM writes nothing here, but libcrypto wants an address
    var written: Int32 = 0
    return unsafe EVP_CipherFinal_ex(context.pointer, &rest, &written) == 1
  }
}
