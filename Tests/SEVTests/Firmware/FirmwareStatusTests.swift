import Bytes
import SEV
import Testing

@Suite struct FirmwareStatusTests {
  @Test(
    arguments: [
      (0x01, "INVALID_PLATFORM_STATE"), (0x04, "INVALID_LENGTH"), (0x07, "POLICY_FAILURE"),
      (0x0A, "BAD_SIGNATURE"),
      (0x0B, "BAD_MEASUREMENT"), (0x10, "INVALID_GUEST"), (0x16, "INVALID_PARAM"),
      (0x1A, "INVALID_PAGE_STATE"),
      (0x1D, "AEAD_OFLOW"), (0x1F, "RB_MODE_EXITED"), (0x27, "INVALID_KEY"),
    ] as [(UInt32, String)])
  func `a status has AMD's number and name`(_ number: UInt32, _ name: String) {
    #expect(FirmwareStatus(rawValue: number)?.amdName == name)
  }

  @Test func `success and unknown numbers are no refusal`() {
    for number: UInt32 in [0, 0x1E, 0x28, .max] { #expect(FirmwareStatus(rawValue: number) == nil) }
    #expect(Set(FirmwareStatus.allCases.map(\.amdName)).count == FirmwareStatus.allCases.count)
  }
}

@Suite struct PlatformStatusTests {
  let sample = hex("01 37 02 01 0100 00 15 07000000")

  @Test func `every field has its place`() throws {
    let status = try PlatformStatus(parsing: sample)
    #expect(
      status
        == PlatformStatus(
          apiMajor: 1, apiMinor: 0x37, state: .working, isExternallyOwned: true, supportsES: true,
          build: 0x15,
          guestCount: 7))
    #expect(status.serialized() == sample)
  }

  @Test(arguments: [
    "01370301010000150700000000", "013702010100001507000000ff", "013703010100001507000000",
    "013702020100001507000000", "013702010200001507000000", "013702010101001507000000",
    "013702010100011507000000",
  ]) func `an undefined value is refused`(_ text: String) {
    #expect(throws: FormatError.self) { try PlatformStatus(parsing: hex(text)) }
  }

  @Test func `damaged statuses never trap`() {
    expectRoundTripOrRefusal(sample) { bytes throws(FormatError) in
      try PlatformStatus(parsing: bytes).serialized()
    }
  }
}
