import SEV
import Testing

@testable import cvm_qemu

@Suite("Texts of a refused launch") struct LaunchRefusalTests {
  @Test(
    arguments: [
      (
        .command(.start, .badMeasurement),
        [
          "sev_launch_start: LAUNCH_START ret=1 fw_error=11 'Bad measurement'",
          "sev_kvm_init: failed to create encryption context",
        ]
      ),
      (
        .command(.start, .policyFailure),
        [
          "sev_launch_start: LAUNCH_START ret=1 fw_error=7 'Policy is not allowed'",
          "sev_kvm_init: failed to create encryption context",
        ]
      ),
      (
        .command(.measure, .inactive),
        ["sev_launch_get_measure: LAUNCH_MEASURE ret=-5 fw_error=8 'Guest is not active'"]
      ),
      (
        .cBitPosition(host: 51, requested: 47),
        ["sev_kvm_init: cbitpos check failed, host '51' requested '47'"]
      ),
      (.esUnavailable, ["sev_kvm_init: guest policy requires SEV-ES, but host SEV-ES support unavailable"]),
      (
        .badHashesArea(base: 0, size: 0),
        ["SEV: guest firmware hashes table area is invalid (base=0x0 size=0x0)"]
      ),
      (.noHashesArea, ["SEV: kernel specified but guest firmware has no hashes table GUID"]),
      (
        .unreadableCertificate(file: "/s", reason: "No such file or directory"),
        [
          "SEV: Failed to read '/s' (No such file or directory)",
          "sev_kvm_init: failed to create encryption context",
        ]
      ),
    ] as [(LaunchRefusal, [String])])
  func `are QEMU's where QEMU has one`(_ refusal: LaunchRefusal, _ lines: [String]) {
    #expect(refusal.lines == lines)
  }

  @Test func `travel over the report pipe`() throws {
    for refusal in [LaunchRefusal.command(.start, .badMeasurement), nil] {
      let (reader, writer) = try Descriptor.pipe()
      try LaunchReport.send(refusal, over: writer)
      writer.close()
      #expect(LaunchReport.receive(from: reader) == refusal?.lines ?? [])
    }
  }

  @Test func `a proxy that says nothing has died`() throws {
    let (reader, writer) = try Descriptor.pipe()
    writer.close()
    #expect(LaunchReport.receive(from: reader) == LaunchRefusal.proxyDied.lines)
  }
}
