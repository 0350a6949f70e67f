import CVMCore
import Testing

@Suite("memory sizes") struct MemorySizeTests {
  @Test(
    arguments: zip(
      [
        "1", "4096", "1KiB", "1 KiB", "1k", "1KB", "512MiB", "512 MiB", "1M", "1MB", "2GiB", "2G", "1GB",
        "1TiB",
        "1T", "1TB", "64TiB", "7b", "7bytes",
      ],
      [
        1, 4096, 1024, 1024, 1024, 1000, 536_870_912, 536_870_912, 1_048_576, 1_000_000, 2_147_483_648,
        2_147_483_648, 1_000_000_000, 1_099_511_627_776, 1_099_511_627_776, 1_000_000_000_000,
        70_368_744_177_664, 7, 7,
      ] as [UInt64]))
  func `are read in libvirt's units`(_ text: String, _ bytes: UInt64) {
    #expect(MemorySize.parse(text) == bytes)
  }

  @Test(arguments: [
    "", "0", "0MiB", "MiB", "-1", "+1", "1.5GiB", "1e3", "0x10", "1PiB", "1mib", "1GIB", "65TiB",
    "70368744177665", "18446744073709551615", "18446744073709551616", "18446744073709551615TiB", "１GiB",
    "1\u{A0}GiB",
    "1\tGiB", "1GiB ", "1GiB2", "1 ",
  ])
  func `are refused where they are none, or beyond any host`(_ text: String) {
    #expect(MemorySize.parse(text) == nil)
  }
}
