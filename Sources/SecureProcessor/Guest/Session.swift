import CVMCrypto
import SEV

extension SecureProcessor {
  /// The transport keys of a session, wrapped for this platform's PDH. Checks in order: both lengths (session
  /// first) → INVALID_LENGTH, the certificate → INVALID_CERTIFICATE, WRAP_MAC and POLICY_MAC →
  /// BAD_MEASUREMENT, the policy's minimum API and its reserved bits → POLICY_FAILURE.
  func unwrap(_ session: LaunchSession, policy: SEVPolicy) throws(CommandFailure) -> TransportKeys {
    guard let keys = platform.keys, let certificate = try? SEVCertificate(parsing: keys.pdh),
      case .p384(let publicKey) = certificate.publicKey
    else { throw CommandFailure(.invalidPlatformState) }
    let pdh = try hardware { () throws(CryptoError) in
      try P384.PrivateKey(scalar: keys.pdhScalar, publicKey: publicKey)
    }
    do {
      return try LaunchBlob.unwrap(
        session: session.blob, certificate: session.certificate, platformKey: pdh, policy: policy,
        apiMajor: model.apiMajor, apiMinor: model.apiMinor)
    } catch {
      throw CommandFailure(error)
    }
  }
}
