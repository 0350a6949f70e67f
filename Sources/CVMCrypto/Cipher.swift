internal import COpenSSL

/// A cipher implementation, looked up once for the life of the process.
@safe final class FetchedCipher: @unchecked Sendable {
  static let aes128CTR = FetchedCipher("AES-128-CTR")
  static let aes128XTS = FetchedCipher("AES-128-XTS")
  static let aes256GCM = FetchedCipher("AES-256-GCM")

  private let pointer: OpaquePointer?  // EVP_CIPHER, never freed

  private init(_ name: String) { unsafe pointer = EVP_CIPHER_fetch(nil, name, nil) }

  func get() throws(CryptoError) -> OpaquePointer {
    guard let pointer = unsafe pointer else { throw .drain("EVP_CIPHER_fetch") }
    return unsafe pointer
  }
}

/// One use of a cipher with one key and one initialisation vector. Owns an EVP_CIPHER_CTX.
@safe final class CipherContext {
  enum Direction: Int32 { case decrypt = 0, encrypt = 1 }

  let pointer: OpaquePointer

  init(
    _ cipher: FetchedCipher, _ direction: Direction, key: SecretBytes, iv: [UInt8]
  ) throws(CryptoError) {
    let algorithm = try unsafe cipher.get()
    guard
      key.count == Int(unsafe EVP_CIPHER_get_key_length(algorithm)),
      iv.count == Int(unsafe EVP_CIPHER_get_iv_length(algorithm))
    else { throw .invalidInput("cipher key or initialisation vector of a wrong length") }
    guard let fresh = unsafe EVP_CIPHER_CTX_new() else { throw .drain("EVP_CIPHER_CTX_new") }
    let started = key.withBytes { bytes in
      unsafe EVP_CipherInit_ex2(
        fresh, algorithm, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), iv, direction.rawValue, nil)
    }
    guard started == 1 else {
      unsafe EVP_CIPHER_CTX_free(fresh)
      throw .drain("EVP_CipherInit")
    }
    unsafe pointer = fresh
  }

  deinit { unsafe EVP_CIPHER_CTX_free(pointer) }

  /// Begins anew with the same key.
  func restart(iv: [UInt8]) throws(CryptoError) {
    guard iv.count == Int(unsafe EVP_CIPHER_CTX_get_iv_length(pointer)) else {
      throw .invalidInput("cipher initialisation vector of a wrong length")
    }
    guard unsafe EVP_CipherInit_ex2(pointer, nil, nil, iv, -1, nil) == 1 else {  // -1: same direction
      throw .drain("EVP_CipherInit")
    }
  }

  /// All of `input` in one step, as stream and XTS modes allow. `output` is as long as `input`.
  func apply(
    to input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    guard let length = Int32(exactly: input.count), output.count == input.count else {
      throw .invalidInput("cipher input of \(input.count) bytes")
    }
    guard length > 0 else { return }
    var written: Int32 = 0
    let done = unsafe EVP_CipherUpdate(
      pointer, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &written,
      input.baseAddress?.assumingMemoryBound(to: UInt8.self), length)
    guard done == 1, written == length else { throw .drain("EVP_CipherUpdate") }
  }
}
