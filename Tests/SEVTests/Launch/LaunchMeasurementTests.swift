import Bytes
import CVMCrypto
import SEV
import Testing

/// The measurement of the worked example: the example firmware under plain SEV, API 1.55, build 21,
/// policy 1.
func exampleMeasurement(
  minor: UInt8 = 55, build: UInt8 = 21, policy: UInt32 = 1, tik: SecretBytes? = nil
) throws -> LaunchMeasurement {
  try LaunchMeasurement.compute(
    apiMajor: 1, apiMinor: minor, build: build, policy: SEVPolicy(rawValue: policy),
    digest: hex("e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0"),
    nonce: counting(from: 0xF0, 16), tik: tik ?? exampleKeys().tik)
}

@Suite struct LaunchMeasurementTests {
  // Worked example of the measurement, recomputed independently.
  @Test func `the worked measurement comes out`() throws {
    let measurement = try exampleMeasurement()
    #expect(
      measurement.serialized()
        == hex("bf37a92abe4697d1c2799cba91809158c8fb579d1cee350d5590e2380a66ed31") + counting(from: 0xF0, 16))
    #expect(try LaunchMeasurement(parsing: measurement.serialized()) == measurement)
  }

  @Test func `every input matters`() throws {
    let measurement = try exampleMeasurement()
    #expect(try measurement != exampleMeasurement(minor: 54))
    #expect(try measurement != exampleMeasurement(build: 22))
    #expect(try measurement != exampleMeasurement(policy: 3))
    #expect(try measurement != exampleMeasurement(tik: SecretBytes(count: 16)))
  }

  @Test func `inputs of a wrong length are refused`() throws {
    let keys = try exampleKeys()
    for (digest, nonce, tik) in [(31, 16, 16), (32, 15, 16), (32, 16, 32)] {
      #expect(throws: CryptoError.self) {
        try LaunchMeasurement.compute(
          apiMajor: 1, apiMinor: 55, build: 21, policy: .sevDefault, digest: counting(from: 0, digest),
          nonce: counting(from: 0, nonce), tik: tik == 16 ? keys.tik : keys.joined)
      }
    }
  }

  @Test(arguments: [0, 32, 40, 47, 49, 64]) func `only 48 bytes are a measurement`(_ count: Int) {
    #expect(throws: FormatError.self) { try LaunchMeasurement(parsing: counting(from: 0, count)) }
  }

  @Test func `damaged measurements never trap`() throws {
    expectRoundTripOrRefusal(try exampleMeasurement().serialized()) { bytes throws(FormatError) in
      try LaunchMeasurement(parsing: bytes).serialized()
    }
  }
}
