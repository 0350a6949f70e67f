package import CVMCore
import CVMCrypto
import SecureProcessor

extension SimulatedBackend {
  package func hostname() throws(BackendError) -> String { "\(host).simulated" }

  package func canonicalURI() throws(BackendError) -> String { "sim:///\(host)" }

  /// No libvirt and no QEMU: versions are nil.
  package func version() throws(BackendError) -> HostVersion {
    HostVersion(library: nil, daemon: nil, hypervisorType: "simulated", hypervisor: nil)
  }

  package func capabilities() throws(BackendError) -> String {
    let processor = try platform().snapshot()
    return try Capabilities.host(uuid: hostUUID(processor))
  }

  package func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(BackendError) -> String {
    try Capabilities.domain(platform().snapshot(), query)
  }

  package func sevPlatform() throws(BackendError) -> SEVPlatform {
    let processor = try platform().snapshot()
    let model = processor.model
    do {
      let export = try processor.pdhCertificateExport()
      return SEVPlatform(
        pdh: export.pdh, certificateChain: export.chain, cpu0ID: try processor.getID(),
        cbitPosition: model.cbitPosition, reducedPhysicalBits: model.reducedPhysicalBits,
        maxGuests: model.maxSEVGuests, maxESGuests: model.maxESGuests)
    } catch {
      throw .unsupported(reason: "the simulated host's SEV firmware is not initialised: \(error.summary)")
    }
  }

  /// What AMD's key server would say of this platform: the signed CEK, ASK and ARK, all simulated.
  package func endorsements() throws(BackendError) -> PlatformEndorsements? {
    let certificates = try certificates()
    return PlatformEndorsements(cek: certificates.signedCEK, ca: certificates.root)
  }

  /// The host's certificates with the signed CEK, and its root.
  package func certificates() throws(BackendError) -> HostCertificates {
    try HostCertificates(platform().snapshot())
  }

  /// Made of the chip's id, so that it stays the same.
  private func hostUUID(_ processor: SecureProcessor) throws(BackendError) -> GuestUUID {
    guard let digest = try? SHA256.hash(processor.chip.id),
      let uuid = GuestUUID.random(from: Array(digest[..<16]))
    else { throw .failed(operation: "naming the host", reason: "hashing failed") }
    return uuid
  }
}
