import Bytes
import Testing

@Suite("Hexadecimal") struct HexTests {
  @Test(
    arguments: [([], ""), ([0], "00"), ([0x0F, 0xF0, 0xAB], "0ff0ab"), ([255, 254], "fffe")]
      as [([UInt8], String)])
  func `bytes are two lower-case digits each`(_ bytes: [UInt8], _ text: String) {
    #expect(Hex.encode(bytes) == text)
    #expect(Hex.decode(text) == bytes)
    #expect(Hex.decode(text.uppercased()) == bytes)
  }

  @Test func `every byte comes back`() {
    let bytes = (0...255).map { UInt8($0) }
    #expect(Hex.decode(Hex.encode(bytes)) == bytes)
  }

  @Test(arguments: [
    "0", "000", "0g", "g0", " 00", "00 ", "0x00", "-1", "0\0", "é0", "０0", "00\n", "/0", ":0", "@0", "`0",
  ])
  func `anything else is no hexadecimal`(_ text: String) {
    #expect(Hex.decode(text) == nil)
  }
}
