import Bytes
import Testing

@Suite("GUID") struct GUIDTests {
  /// UEFI specification, appendix A: the first three groups are little-endian, the rest as written.
  @Test func `text is written in order, bytes mixed-endian`() throws {
    let guid = try #require(GUID("00112233-4455-6677-8899-AABBCCDDEEFF"))
    #expect(
      guid.bytes == [
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
      ])
    #expect(guid.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(GUID(mixedEndian: guid.bytes) == guid)
  }

  @Test(arguments: [
    "", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
    "0011223-34455-6677-8899-aabbccddeeff",
    "{00112233-4455-6677-8899-aabbccddeeff}", "00112233-4455-6677-8899-aabbccddeefg",
    "00112233-4455-6677-8899-aabbccddeeff-",
    "00112233-4455-6677-8899aabbccddeeff", "00112233_4455_6677_8899_aabbccddeeff",
    "0011223é-4455-6677-8899-aabbccddeeff",
  ])
  func `anything but 8-4-4-4-12 digits is no GUID`(_ text: String) {
    #expect(GUID(text) == nil)
  }

  @Test(arguments: [0, 15, 17, 32]) func `a GUID has 16 bytes`(_ count: Int) {
    #expect(GUID(mixedEndian: Array(repeating: 0, count: count)) == nil)
  }
}
