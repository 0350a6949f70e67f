import Attestation
import Bytes
import SEV

/// A predicted launch digest.
package struct DigestPrediction: Encodable, Equatable, Sendable {
  package var guest: String
  package var type: LaunchType
  /// Hex.
  package var digest: String
  package var firmware: String
  package var kernelHashes: Bool
  package var vcpus: Int
  package var cpuSignature: String?
  package var vmsaGeneration: String?
  package var simulated = false
}

extension Core {
  /// Predicts the digest of a recorded guest. No host is asked.
  package func measure(guest name: String, _ references: ReferenceFiles) throws(CoreError) -> DigestPrediction
  {
    guard let guest = try recordedGuest(name) else { throw .notFound(.guest, name) }
    return try predict(try guest.definition(), references)
  }

  /// Predicts the digest of a definition that is not stored.
  package func measure(
    source: DefinitionSource, _ references: ReferenceFiles
  ) throws(CoreError) -> DigestPrediction {
    try predict(try planDefinition(source, DefinitionOverrides()).definition, references)
  }

  private func predict(
    _ definition: GuestDefinition, _ references: ReferenceFiles
  ) throws(CoreError) -> DigestPrediction {
    let inputs = try MeasuredInputs(definition, references, hostSignature: hostSignature)
    return DigestPrediction(
      guest: definition.name, type: definition.launchSecurity?.type ?? .sev,
      digest: Hex.encode(try inputs.digest()),
      firmware: inputs.firmwarePath, kernelHashes: inputs.launch.kernel != nil, vcpus: definition.vcpus,
      cpuSignature: inputs.launch.vcpus?.signature.description,
      vmsaGeneration: inputs.launch.vcpus?.generation.rawValue)
  }

  /// The signature of this machine's CPU, for guests that get it passed through. Nil where the guest runs elsewhere.
  func hostSignature() -> CPUSignature? { HostURI.isRemote(uri) ? nil : LocalCPU.read()?.signature }
}
