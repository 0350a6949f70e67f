package import CVMCrypto

/// The AMD-SP's side of a launch session: its checks in its order, with its statuses.
extension LaunchBlob {
  /// Opens a session as LAUNCH_START does, from the bytes that the host passed: lengths (INVALID_LENGTH),
  /// the owner's certificate (INVALID_CERTIFICATE), WRAP_MAC and POLICY_MAC (BAD_MEASUREMENT), the
  /// policy's API version and reserved bits (POLICY_FAILURE).
  package static func unwrap(
    session: [UInt8], certificate: [UInt8], platformKey: P384.PrivateKey, policy: SEVPolicy, apiMajor: UInt8,
    apiMinor: UInt8
  ) throws(FirmwareStatus) -> TransportKeys {
    let blob: LaunchBlob
    do { blob = try LaunchBlob(parsing: session) } catch { throw .invalidLength }
    guard certificate.count == SEVCertificate.size else { throw .invalidLength }
    let owner: SEVCertificate
    do { owner = try SEVCertificate(parsing: certificate) } catch { throw .invalidCertificate }
    let keys = try blob.unwrap(platformKey: platformKey, owner: owner, policy: policy)
    guard policy.admits(apiMajor: apiMajor, apiMinor: apiMinor) else { throw .policyFailure }
    return keys
  }

  /// As above, without the checks that need the firmware's version; a policy with reserved bits is
  /// POLICY_FAILURE.
  package func unwrap(
    platformKey: P384.PrivateKey, owner: SEVCertificate, policy: SEVPolicy
  ) throws(FirmwareStatus) -> TransportKeys {
    guard owner.usage == .pdh, owner.algorithm == .ecdhSHA256, case .p384(let peer) = owner.publicKey else {
      throw .invalidCertificate
    }
    let keys: TransportKeys
    do {
      keys = try open(SessionKeys(z: platformKey.sharedX(with: peer), nonce: nonce), policy)
    } catch {
      switch error {
      case .authenticationFailed: throw .badMeasurement
      default: throw .hardwareErrorPlatform
      }
    }
    guard policy.reservedBits == 0 else { throw .policyFailure }
    return keys
  }

  /// Throws `.authenticationFailed` where a MAC does not fit.
  private func open(_ session: SessionKeys, _ policy: SEVPolicy) throws(CryptoError) -> TransportKeys {
    let expected = try HMACSHA256.authenticate(key: session.kik, [wrapTK])
    guard constantTimeEqual(expected, wrapMAC) else { throw .authenticationFailed }
    let keys = try TransportKeys(joined: AES128CTR.open(key: session.kek, iv: wrapIV, from: wrapTK))
    guard constantTimeEqual(try Self.policyMAC(policy, keys.tik), policyMAC) else {
      throw .authenticationFailed
    }
    return keys
  }
}
