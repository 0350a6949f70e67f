internal import COpenSSL

/// The hashes that AMD's formats name.
package enum HashAlgorithm: Equatable, Sendable {
  case sha256, sha384

  /// Bytes of a digest.
  package var size: Int { self == .sha256 ? 32 : 48 }

  /// libcrypto's name.
  var name: String { self == .sha256 ? "SHA256" : "SHA384" }

  var fetched: FetchedDigest { self == .sha256 ? .sha256 : .sha384 }
}

/// A digest implementation, looked up once for the life of the process: the look-up costs more than
/// hashing a page.
@safe final class FetchedDigest: @unchecked Sendable {
  static let sha256 = FetchedDigest("SHA256")
  static let sha384 = FetchedDigest("SHA384")

  private let pointer: OpaquePointer?  // EVP_MD, never freed: it lives as long as the process

  private init(_ name: String) { unsafe pointer = EVP_MD_fetch(nil, name, nil) }

  func get() throws(CryptoError) -> OpaquePointer {
    guard let pointer = unsafe pointer else { throw .drain("EVP_MD_fetch") }
    return unsafe pointer
  }
}
