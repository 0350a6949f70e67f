import Testing

@testable import cvm_qemu

@Suite("QEMU's numbers") struct QEMUNumberTests {
  @Test(arguments: [
    ("0", 0), ("51", 51), ("0x33", 51), ("0X33", 51), ("063", 51), ("18446744073709551615", UInt64.max),
  ]) func `reads decimal, hexadecimal and octal`(_ text: String, _ value: UInt64) {
    #expect(QEMUNumber.unsigned(text) == value)
  }

  @Test(arguments: ["", "-1", "+1", "0x", "0x-1", "08", "1 ", "1k", "18446744073709551616"])
  func `refuses everything else`(_ text: String) { #expect(QEMUNumber.unsigned(text) == nil) }

  @Test(
    arguments: [
      ("256", 1 << 20, 256 << 20), ("262144k", 1 << 20, 268_435_456), ("256M", 1, 256 << 20),
      ("2G", 1 << 20, 2 << 30),
      ("1T", 1, 1 << 40), ("4096", 1, 4096), ("512B", 1 << 20, 512), ("0x1000", 1, 4096), ("0x1b", 1, 27),
    ] as [(String, UInt64, UInt64)]) func `reads sizes`(_ text: String, _ unit: UInt64, _ bytes: UInt64)
  {
    #expect(QEMUNumber.size(text, unit: unit) == bytes)
  }

  @Test(arguments: ["", "M", "x", "-1M", "18446744073709551615k", "1.5G"])
  func `refuses sizes that are none or too large`(_ text: String) { #expect(QEMUNumber.size(text) == nil) }

  @Test func `reads switches`() {
    #expect(QEMUNumber.flag("on") == true)
    #expect(QEMUNumber.flag("no") == false)
    #expect(QEMUNumber.flag("maybe") == nil)
  }
}
