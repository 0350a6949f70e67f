package import CVMCrypto

/// What a key does, and with which hash (PUBKEY_ALGO, SIG_ALGO). Source: AMD 55766, appendix C.
package enum CertificateAlgorithm: UInt32, Sendable, CaseIterable {
  case none = 0x000
  case rsaSHA256 = 0x001
  case ecdsaSHA256 = 0x002
  case ecdhSHA256 = 0x003
  case rsaSHA384 = 0x101
  case ecdsaSHA384 = 0x102
  case ecdhSHA384 = 0x103

  package enum Family: Sendable { case rsa, ecdsa, ecdh }

  /// Nil for `none`.
  package var family: Family? {
    switch self {
    case .none: nil
    case .rsaSHA256, .rsaSHA384: .rsa
    case .ecdsaSHA256, .ecdsaSHA384: .ecdsa
    case .ecdhSHA256, .ecdhSHA384: .ecdh
    }
  }

  package var hash: HashAlgorithm {
    switch self {
    case .none, .rsaSHA256, .ecdsaSHA256, .ecdhSHA256: .sha256
    case .rsaSHA384, .ecdsaSHA384, .ecdhSHA384: .sha384
    }
  }
}
