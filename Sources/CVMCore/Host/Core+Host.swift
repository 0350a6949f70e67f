import Attestation
import SEV
import StateStore

/// A platform as a host presents it, and whether it bears a mark of a simulation.
package struct PresentedPlatform: Sendable {
  package let platform: SEVPlatform
  package let isSimulated: Bool
}

/// A verdict with what it was given on.
struct PlatformVerdict: Sendable {
  let platform: SEVPlatform
  let anchors: TrustAnchors
  let result: ChainResult
}

extension Core {
  package func hostname() throws(CoreError) -> String {
    try hosted { backend throws(BackendError) in try backend.hostname() }
  }

  package func canonicalURI() throws(CoreError) -> String {
    try hosted { backend throws(BackendError) in try backend.canonicalURI() }
  }

  package func hostVersion() throws(CoreError) -> HostVersion {
    try hosted { backend throws(BackendError) in try backend.version() }
  }

  package func capabilities() throws(CoreError) -> String {
    try hosted { backend throws(BackendError) in try backend.capabilities() }
  }

  package func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(CoreError) -> String {
    try hosted { backend throws(BackendError) in try backend.domainCapabilities(query) }
  }

  /// What the host's AMD-SP says of itself.
  package func platform() throws(CoreError) -> PresentedPlatform {
    let platform = try hosted { backend throws(BackendError) in try backend.sevPlatform() }
    let isMarked =
      SimulatedMark.isSimulated(chain: platform.certificateChain)
      || platform.cpu0ID.map(SimulatedMark.isSimulated(chipID:)) == true
    let isSimulated = try backend().isSimulated
    return PresentedPlatform(platform: platform, isSimulated: isMarked || isSimulated)
  }

  /// The host is simulated: by construction, by the certificates that were imported for it, or by the marks that its platform
  /// bears. A host without SEV is not.
  package func isSimulated() throws(CoreError) -> Bool {
    if let known = try isKnownSimulated() { return known }
    do {
      return try platform().isSimulated
    } catch {
      guard case .backend(let problem) = error else { throw error }
      switch problem {
      case .unsupported, .permission: return false
      default: throw error
      }
    }
  }

  /// What can be said without asking the host; nil where only its platform could tell.
  private func isKnownSimulated() throws(CoreError) -> Bool? {
    if try backend().isSimulated { return true }
    guard let ark = try importedEndorsements()?.ark else { return nil }
    return (try? CACertificate(parsing: ark)).map(SimulatedRoots.marks) == true
  }

  /// As `isSimulated`, for showing guests: the host is asked only where one of them is confidential.
  func isSimulated(forConfidential confidential: Bool) -> Bool {
    if let known = try? isKnownSimulated() { return known }
    return confidential && (try? isSimulated()) == true
  }

  /// The signed CEK, ASK and ARK that were imported for this host.
  func importedEndorsements() throws(CoreError) -> HostCertificateRow? {
    let store = try store()
    let host = try hostKey()
    return try stored { () throws(StoreError) in try store.hostCertificate(tenant: tenant, host: host) }
  }

  /// The host's chain: what it presents, completed by what AMD signed.
  func chain(of platform: SEVPlatform) throws(CoreError) -> PlatformChain {
    let own = try hosted { backend throws(BackendError) in try backend.endorsements() }
    let row = own == nil ? try importedEndorsements() : nil
    let cek = own?.cek ?? row?.cek
    let ca = own?.ca ?? row.flatMap { row in row.ask.flatMap { ask in row.ark.map { ask + $0 } } }
    do {
      return try PlatformChain(
        pdh: platform.pdh, certificateChain: platform.certificateChain, ca: ca, importedCEK: cek)
    } catch {
      throw .malformedBytes(source: "the host's certificates", error)
    }
  }

  /// The verdict on the host's chain. Many launches in one run meet the same platform: the same bytes are verified once.
  private func verified(_ platform: SEVPlatform, anchors: TrustAnchors) throws(CoreError) -> ChainResult {
    if let known = lastVerdict, known.platform == platform, known.anchors == anchors { return known.result }
    let result = try chain(of: platform).verify(against: anchors)
    lastVerdict = PlatformVerdict(platform: platform, anchors: anchors, result: result)
    return result
  }

  /// What a launch needs of its host: a PDH that a verified chain leads to. A simulated one needs consent; nothing falls back.
  func launchPlatform(
    allowsSimulated: Bool, attestable: Bool
  ) throws(CoreError) -> (pdh: SEVCertificate?, isSimulated: Bool) {
    let presented = try platform()
    // `sim:///` is itself the consent to its own simulated host.
    let isSimulatedHost = try backend().isSimulated
    let consents = allowsSimulated || self.allowsSimulated || isSimulatedHost
    guard consents || !presented.isSimulated else { throw .simulated(what: "host \(try hostname())") }
    guard attestable else { return (nil, presented.isSimulated) }
    let result = try verified(presented.platform, anchors: consents ? .amd.and(.simulated) : .amd)
    guard let platform = result.platform else {
      guard consents || !result.isSimulated else { throw .simulated(what: "host \(try hostname())") }
      throw PlatformVerification(result).refusal ?? .refused("the platform's certificates do not verify")
    }
    return (platform.pdh, presented.isSimulated || platform.isSimulated)
  }
}
