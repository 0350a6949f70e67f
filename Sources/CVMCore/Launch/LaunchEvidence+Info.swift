import Attestation
import SEV

extension LaunchEvidence {
  /// The evidence in what the host shows of a launch.
  init(_ info: LaunchSecurityInfo, guest: String) throws(CoreError) {
    guard let bytes = info.measurement else {
      throw .policy(.drift(guest: guest, differences: ["launch security"]))
    }
    do {
      self.init(
        measurement: try LaunchMeasurement(parsing: bytes),
        firmware: FirmwareVersion(apiMajor: info.apiMajor, apiMinor: info.apiMinor, build: info.buildID),
        policy: SEVPolicy(rawValue: info.policy ?? 0))
    } catch {
      throw .malformedBytes(source: "the host's launch measurement", error)
    }
  }
}
