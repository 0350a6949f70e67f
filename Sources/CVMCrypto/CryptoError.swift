private import COpenSSL

/// Why a cryptographic operation gave no result.
package enum CryptoError: Error, Equatable, Sendable {
  /// libcrypto refused; the text names the operation and libcrypto's reason.
  case openSSL(String)
  /// The key is malformed: not on its curve, out of range, of the wrong length.
  case invalidKey(String)
  /// An authentication tag did not fit: wrong key or changed bytes, which cannot be told apart.
  case authenticationFailed
  /// The system's random source failed.
  case randomUnavailable
  /// Memory for secrets could not be had; `errno` of the call.
  case memory(Int32)
  /// An argument of a wrong length or value.
  case invalidInput(String)

  /// One line for people, lower case, without a full stop.
  package var summary: String {
    switch self {
    case .openSSL(let text): "cryptographic library: \(text)"
    case .invalidKey(let reason): "invalid key: \(reason)"
    case .authenticationFailed: "authentication failed: wrong key or changed data"
    case .randomUnavailable: "the system's random source failed"
    case .memory(let number): "no memory for secrets (errno \(number))"
    case .invalidInput(let reason): "invalid input: \(reason)"
    }
  }

  /// The oldest entry of libcrypto's error queue as an error; empties the queue.
  static func drain(_ operation: StaticString) -> CryptoError {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0, let reason = unsafe ERR_reason_error_string(code) else {
      return .openSSL("\(operation) failed")
    }
    return unsafe .openSSL("\(operation): \(String(cString: reason))")
  }
}
