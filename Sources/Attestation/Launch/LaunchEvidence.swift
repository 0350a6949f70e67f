package import SEV

/// What a host says of a paused launch. Only the measurement is the AMD-SP's word; the rest is believed
/// once it has been shown to be what the measurement was made from.
package struct LaunchEvidence: Equatable, Sendable {
  package let measurement: LaunchMeasurement
  package let firmware: FirmwareVersion
  package let policy: SEVPolicy

  package init(measurement: LaunchMeasurement, firmware: FirmwareVersion, policy: SEVPolicy) {
    self.measurement = measurement
    self.firmware = firmware
    self.policy = policy
  }
}
