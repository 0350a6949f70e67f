import Attestation
import Bytes
import SEV

/// Where a session's platform key comes from.
package enum PlatformSource: Equatable, Sendable {
  /// A PDH certificate alone, or the whole chain with `ca`.
  case files(pdh: String, ca: String?, allowsSimulated: Bool)
  /// The host that the core is connected to; its chain must verify.
  case host(allowsSimulated: Bool)
}

extension Core {
  /// Makes a session for one launch and writes it to files.
  package func createSession(
    for source: PlatformSource, policy text: String, type: LaunchType?, consent: PolicyConsent, prefix: String
  ) throws(CoreError) -> SessionDescription {
    try requireActive()
    let policy = try sessionPolicy(text, type: type)
    try consent.require(policy)
    guard let sevPolicy = policy.sev else { throw .unsupported("SEV-SNP guests have no launch session") }
    let (pdh, verified, simulated) = try platformKey(source)
    let session = try OwnerSession(pdh: pdh, policy: sevPolicy)
    try SessionFiles.write(session, prefix: prefix)
    return try SessionDescription(
      session, prefix: prefix, policy: policy.text, platformVerified: verified, simulated: simulated)
  }

  /// Throws unless the session's files belong together and were made for the policy.
  package func verifySession(
    prefix: String, policy text: String, type: LaunchType?
  ) throws(CoreError) -> SessionDescription {
    let policy = try sessionPolicy(text, type: type)
    guard let sevPolicy = policy.sev else { throw .unsupported("SEV-SNP guests have no launch session") }
    let session = try SessionFiles.load(prefix: prefix, policy: sevPolicy)
    guard session.keys != nil else { throw .file(path: SessionFiles.paths(prefix).tik, .missing) }
    return try SessionDescription(
      session, prefix: prefix, policy: policy.text, platformVerified: false, simulated: false)
  }

  private func sessionPolicy(_ text: String, type: LaunchType?) throws(CoreError) -> PolicyValue {
    let found = try policies(matching: text, type: type).filter { type != nil || $0.value.type != .sevSNP }
    guard let policy = found.first else { throw .unsupported("SEV-SNP guests have no launch session") }
    guard found.count == 1 else {
      throw .usage("'\(text)' stands for a policy of several types", hint: "say which with --type")
    }
    return policy.value
  }

  private func platformKey(
    _ source: PlatformSource
  ) throws(CoreError) -> (pdh: SEVCertificate, verified: Bool, simulated: Bool) {
    switch source {
    case .host(let allowsSimulated):
      let platform = try launchPlatform(allowsSimulated: allowsSimulated, attestable: true)
      guard let pdh = platform.pdh else { throw .refused("the host has no platform key") }
      return (pdh, true, platform.isSimulated)
    case .files(let path, let ca, let allowsSimulated):
      return try platformKey(file: path, ca: ca, consents: allowsSimulated || self.allowsSimulated)
    }
  }

  private func platformKey(
    file path: String, ca: String?, consents: Bool
  ) throws(CoreError) -> (pdh: SEVCertificate, verified: Bool, simulated: Bool) {
    let bytes = try InputFile.read(path, limit: 1 << 20)
    if let ca {
      let caBytes = try InputFile.read(ca, limit: 1 << 20)
      let result: ChainResult
      do {
        result = try PlatformChain(sev: bytes, ca: caBytes).verify(
          against: consents ? .amd.and(.simulated) : .amd)
      } catch {
        throw .malformedBytes(source: path, error)
      }
      guard let platform = result.platform else {
        throw PlatformVerification(result).refusal ?? .refused("the platform's certificates do not verify")
      }
      return (platform.pdh, true, platform.isSimulated)
    }
    do {
      let size = SEVCertificate.size
      let certificate = try SEVCertificate(
        parsing: bytes.count == 4 * size ? Array(bytes.prefix(size)) : bytes)
      guard certificate.usage == .pdh, certificate.algorithm.family == .ecdh,
        case .p384 = certificate.publicKey
      else {
        throw CoreError.refused("\(path) is not a platform Diffie-Hellman (PDH) certificate")
      }
      return (certificate, false, false)
    } catch let error as CoreError {
      throw error
    } catch let error as FormatError {
      throw .malformedBytes(source: path, error)
    } catch {
      throw .refused("\(path) is not a PDH certificate")
    }
  }
}
