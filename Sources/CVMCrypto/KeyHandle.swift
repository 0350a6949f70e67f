internal import COpenSSL

/// Owns an EVP_PKEY. Immutable after its making, so that several threads may use it.
@safe final class KeyHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Takes over the caller's reference.
  init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe EVP_PKEY_free(pointer) }

  enum Padding { case none, pss }

  /// Signs a message; the signature in libcrypto's form. Without a hash: a scheme that has its own.
  func sign(_ message: [UInt8], _ hash: HashAlgorithm?, _ padding: Padding) throws(CryptoError) -> [UInt8] {
    guard let context = unsafe EVP_MD_CTX_new() else { throw .drain("EVP_MD_CTX_new") }
    defer { unsafe EVP_MD_CTX_free(context) }
    var parameters: OpaquePointer?  // belongs to `context`
    guard unsafe EVP_DigestSignInit_ex(context, &parameters, hash?.name, nil, nil, pointer, nil) == 1 else {
      throw .drain("EVP_DigestSignInit")
    }
    guard unsafe padding == .none || cvm_pss(parameters) == 1 else { throw .drain("RSA-PSS") }
    var size = 0
    guard unsafe EVP_DigestSign(context, nil, &size, message, message.count) == 1 else {
      throw .drain("EVP_DigestSign")
    }
    var signature = [UInt8](repeating: 0, count: size)
    guard unsafe EVP_DigestSign(context, &signature, &size, message, message.count) == 1 else {
      throw .drain("EVP_DigestSign")
    }
    return Array(signature.prefix(size))
  }

  /// Whether `signature`, in libcrypto's form, is this key's over `message`.
  func verify(
    _ signature: [UInt8], _ message: [UInt8], _ hash: HashAlgorithm?, _ padding: Padding
  ) throws(CryptoError) -> Bool {
    guard let context = unsafe EVP_MD_CTX_new() else { throw .drain("EVP_MD_CTX_new") }
    defer { unsafe EVP_MD_CTX_free(context) }
    var parameters: OpaquePointer?
    guard unsafe EVP_DigestVerifyInit_ex(context, &parameters, hash?.name, nil, nil, pointer, nil) == 1 else {
      throw .drain("EVP_DigestVerifyInit")
    }
    guard unsafe padding == .none || cvm_pss(parameters) == 1 else { throw .drain("RSA-PSS") }
    let result = unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count)
    ERR_clear_error()  // a signature that does not fit leaves its reasons behind
    return result == 1
  }

  /// An integer of the key, big-endian, padded to `count` bytes.
  func integer(_ name: String, count: Int) throws(CryptoError) -> SecretBytes {
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number = unsafe number else {
      throw .drain("EVP_PKEY_get_bn_param")
    }
    defer { unsafe BN_clear_free(number) }
    return try SecretBytes.filled(count) { target throws(CryptoError) in
      let start = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      guard unsafe BN_bn2binpad(number, start, Int32(truncatingIfNeeded: count)) == Int32(exactly: count)
      else {
        throw .drain("BN_bn2binpad")
      }
    }
  }

  /// As `integer`, for a part that everyone may know.
  func publicInteger(_ name: String, count: Int) throws(CryptoError) -> [UInt8] {
    try integer(name, count: count).withBytes { unsafe Array($0) }
  }
}
