/// What is kept of one launch: what was expected, what the AMD-SP said, how it ended.
package struct LaunchRecord: Codable, Equatable, Sendable {
  package var id: String
  package var guest: String
  package var uuid: GuestUUID
  package var tenant: String
  /// The host's name, as it gave it.
  package var host: String
  package var uri: String
  package var backend: Backend
  package var simulated: Bool
  package var trust: Trust
  package var type: LaunchType
  /// `0x00000003`
  package var policy: String
  package var policyName: String?
  package var allowsDebug: Bool
  package var allowsKeySharing: Bool
  /// False where the launch had no session, by `--unattestable`: measurement and secret then prove nothing.
  package var attestable: Bool
  package var apiVersion: String?
  package var buildId: Int?
  package var firmware: String?
  /// SHA-256 of the firmware file, hex.
  package var firmwareDigest: String?
  package var kernelHashes: Bool
  package var vcpus: Int
  package var vmsaGeneration: String?
  /// The reference value that the launch was held to.
  package var referenceName: String?
  package var referenceVersion: Int?
  /// Hex.
  package var expectedDigest: String?
  package var expectedMeasurement: String?
  package var measurement: String?
  package var nonce: String?
  package var verdict: LaunchVerdict
  package var differences: [String]
  package var secretsInjected: Int
  package var outcome: LaunchOutcome
  package var startedAt: String
  package var endedAt: String?
  package var steps: [Step]

  package enum Backend: String, Codable, Sendable { case libvirt, simulated }

  /// A host cannot vouch for itself: `local` where cvmctl runs on the host that it measures.
  package enum Trust: String, Codable, Sendable { case local, remote }

  package struct Step: Codable, Equatable, Sendable {
    package var name: LaunchStep
    package var startedAt: String
    package var seconds: Double
    package var outcome: Outcome

    package enum Outcome: String, Codable, Sendable { case ok, failed, skipped }
  }
}
