internal import COpenSSL

/// A hash over bytes that come in pieces. `update` reads the caller's storage in place; a failure of
/// libcrypto shows at `finalize`. Ends with its first `finalize`.
@safe package class DigestStream {
  private let context: OpaquePointer  // EVP_MD_CTX
  private let algorithm: HashAlgorithm
  private var isFresh = true
  private var failure: CryptoError?

  init(_ algorithm: HashAlgorithm) throws(CryptoError) {
    let digest = try unsafe algorithm.fetched.get()
    guard let fresh = unsafe EVP_MD_CTX_new() else { throw .drain("EVP_MD_CTX_new") }
    guard unsafe EVP_DigestInit_ex2(fresh, digest, nil) == 1 else {
      unsafe EVP_MD_CTX_free(fresh)
      throw .drain("EVP_DigestInit")
    }
    unsafe context = fresh
    self.algorithm = algorithm
  }

  /// Goes on where `state` was taken.
  init(_ algorithm: HashAlgorithm, continuing state: DigestState) throws(CryptoError) {
    unsafe context = try state.copy()
    self.algorithm = algorithm
    isFresh = false
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// The hash as it is now, to be continued any number of times.
  package final func state() throws(CryptoError) -> DigestState {
    if let failure { throw failure }
    return unsafe try DigestState(context)
  }

  package final func update(_ bytes: [UInt8]) {
    guard isFresh, RememberedDigest.sizes.contains(bytes.count) else { return bytes.withBytes { update($0) } }
    if unsafe RememberedDigest.recall(bytes, algorithm, into: context) {
      isFresh = false
    } else {
      bytes.withBytes { update($0) }
      if failure == nil { unsafe RememberedDigest.remember(bytes, algorithm, context) }
    }
  }

  @safe package final func update(_ bytes: UnsafeRawBufferPointer) {
    guard failure == nil, bytes.count > 0 else { return }
    isFresh = false
    if unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) != 1 {
      failure = .drain("EVP_DigestUpdate")
    }
  }

  package final func finalize() throws(CryptoError) -> [UInt8] {
    if let failure { throw failure }
    failure = .invalidInput("a hash finalized twice")
    var digest = [UInt8](repeating: 0, count: algorithm.size)
    guard unsafe EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .drain("EVP_DigestFinal") }
    return digest
  }
}

/// A hash after some bytes. Never changes.
@safe package final class DigestState: @unchecked Sendable {
  private let context: OpaquePointer  // EVP_MD_CTX

  @unsafe fileprivate init(_ other: OpaquePointer) throws(CryptoError) {
    unsafe context = try Self.copy(of: other)
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  @unsafe fileprivate func copy() throws(CryptoError) -> OpaquePointer { unsafe try Self.copy(of: context) }

  private static func copy(of other: OpaquePointer) throws(CryptoError) -> OpaquePointer {
    guard let copy = unsafe EVP_MD_CTX_new() else { throw .drain("EVP_MD_CTX_new") }
    guard unsafe EVP_MD_CTX_copy_ex(copy, other) == 1 else {
      unsafe EVP_MD_CTX_free(copy)
      throw .drain("EVP_MD_CTX_copy_ex")
    }
    return unsafe copy
  }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
  /// Bytes of a digest.
  package static let size = 32

  package static func hash(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
    let stream = try Stream()
    stream.update(bytes)
    return try stream.finalize()
  }

  package final class Stream: DigestStream {
    package init() throws(CryptoError) { try super.init(.sha256) }
    /// `state` is a SHA-256's.
    package init(continuing state: DigestState) throws(CryptoError) {
      try super.init(.sha256, continuing: state)
    }
  }
}

/// SHA-384 (FIPS 180-4).
package enum SHA384 {
  /// Bytes of a digest.
  package static let size = 48

  package static func hash(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
    let stream = try Stream()
    stream.update(bytes)
    return try stream.finalize()
  }

  package final class Stream: DigestStream {
    package init() throws(CryptoError) { try super.init(.sha384) }
  }
}
