import Bytes
import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("launch security from libvirt's parameters") struct LaunchSecurityParametersTests {
  static let measurement = [UInt8](repeating: 0x5A, count: 48)

  static let sev: [String: TypedParameters.Value] = [
    "sev-measurement": .text(Base64.encode(measurement)), "sev-api-major": .uint(1),
    "sev-api-minor": .uint(51), "sev-build-id": .uint(22), "sev-policy": .uint(3),
  ]

  private func info(
    _ changes: [String: TypedParameters.Value] = [:], without absent: [String] = []
  ) throws(ParameterError) -> LaunchSecurityInfo? {
    var values = Self.sev
    for (name, value) in changes { values[name] = value }
    for name in absent { values[name] = nil }
    return try LaunchSecurityInfo(TypedParameters(values.map { ($0.key, $0.value) }))
  }

  @Test func `is none for a guest without it`() throws {
    #expect(try LaunchSecurityInfo(TypedParameters([])) == nil)
  }

  @Test func `is read whole`() throws {
    #expect(
      try info()
        == LaunchSecurityInfo(
          measurement: Self.measurement, apiMajor: 1, apiMinor: 51, buildID: 22, policy: 3, snpPolicy: nil))
  }

  @Test func `an SNP policy takes the place of policy and measurement`() throws {
    let found = try info(["sev-snp-policy": .ullong(0x30000)], without: ["sev-policy"])
    #expect(found?.snpPolicy == 0x30000)
    #expect(found?.policy == nil)
    #expect(found?.measurement == nil)
  }

  @Test(arguments: ["sev-measurement", "sev-api-major", "sev-api-minor", "sev-build-id", "sev-policy"])
  func `is refused where something is missing`(_ name: String) {
    #expect(throws: ParameterError.missing(name)) { try info(without: [name]) }
  }

  @Test(arguments: ["sev-api-major", "sev-api-minor", "sev-build-id"])
  func `is refused where a byte is none`(_ name: String) {
    #expect(throws: ParameterError.outOfRange(name)) { try info([name: .uint(256)]) }
    #expect(throws: ParameterError.missing(name)) { try info([name: .int(1)]) }
  }

  @Test(arguments: [0, 47, 49, 64]) func `a measurement has 48 bytes`(_ count: Int) {
    let text = Base64.encode([UInt8](repeating: 1, count: count))
    #expect(throws: ParameterError.wrongSize("sev-measurement", expected: 48, found: count)) {
      try info(["sev-measurement": .text(text)])
    }
  }

  @Test(arguments: ["Zg", "Zh==", "Z g=", "ä", "Zg==\n"]) func `a measurement is strict base64`(
    _ text: String
  ) {
    #expect(throws: ParameterError.notBase64("sev-measurement")) {
      try info(["sev-measurement": .text(text)])
    }
  }
}
