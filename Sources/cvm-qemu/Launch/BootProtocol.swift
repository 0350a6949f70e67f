/// The kernel image as the guest's firmware reads it from a QEMU that knows nothing of SEV: QEMU writes into the setup
/// header what a boot loader has to write there, so the image's hash is another one than the file's. QEMU with SEV (and
/// any from version 10 on) offers the untouched file.
///
/// Fields of the setup header that change, little-endian. Source: Linux, Documentation/arch/x86/boot.rst; the values are
/// those that QEMU 7.2 was seen to write.
///
/// | offset | size | field              | value                                     |
/// |-------:|-----:|--------------------|-------------------------------------------|
/// |  0x210 |    1 | `type_of_loader`   | 0xB0                                      |
/// |  0x211 |    1 | `loadflags`        | bit 7 set: `heap_end_ptr` is valid        |
/// |  0x218 |    4 | `ramdisk_image`    | as high as header and memory allow        |
/// |  0x21C |    4 | `ramdisk_size`     | bytes of the initrd                       |
/// |  0x224 |    2 | `heap_end_ptr`     | 0xFE00                                    |
/// |  0x228 |    4 | `cmd_line_ptr`     | 0x20000                                   |
enum BootProtocol {
  /// The patched image; nil for a kernel that is no bzImage of protocol 2.3 or later.
  /// `initrd` is the size of the initrd, nil without one; `lowMemory` the guest's RAM below 4 GiB; both in bytes.
  static func patched(_ kernel: [UInt8], initrd: Int?, lowMemory: UInt64) -> [UInt8]? {
    guard isBzImage(kernel) else { return nil }
    var image = kernel
    image[0x210] = 0xB0
    image[0x211] |= 0x80
    put(UInt16(0xFE00), at: 0x224, into: &image)
    put(UInt32(0x20000), at: 0x228, into: &image)
    guard let initrd else { return image }
    guard let size = UInt32(exactly: initrd), let address = initrdAddress(kernel, size, lowMemory) else {
      return nil
    }
    put(address, at: 0x218, into: &image)
    put(size, at: 0x21C, into: &image)
    return image
  }

  private static let magic = Array("HdrS".utf8)
  /// From here on the header says how high the initrd may lie.
  private static let oldestProtocol: UInt32 = 0x0203
  /// `loadflags` bit 0: the kernel is loaded at 1 MiB.
  private static let loadedHigh: UInt8 = 1

  private static func isBzImage(_ kernel: [UInt8]) -> Bool {
    kernel.count >= 0x268 && Array(kernel[0x202..<0x206]) == magic
      && value(kernel, 0x206, 2) >= oldestProtocol
      && kernel[0x211] & loadedHigh != 0
  }

  /// QEMU keeps this much at the end of low memory for ACPI tables.
  private static let acpiData: UInt64 = 0x28000

  private static func initrdAddress(_ kernel: [UInt8], _ size: UInt32, _ lowMemory: UInt64) -> UInt32? {
    // `xloadflags` bit 1, protocol 2.12: anywhere below 4 GiB.
    let anywhere = value(kernel, 0x206, 2) >= 0x020C && value(kernel, 0x236, 2) & 2 != 0
    let highest = anywhere ? UInt64(UInt32.max) : UInt64(value(kernel, 0x22C, 4))
    guard lowMemory > acpiData else { return nil }
    let end = min(highest, lowMemory - acpiData - 1)
    guard end >= UInt64(size) else { return nil }
    return UInt32(exactly: (end - UInt64(size)) & ~0xFFF)
  }

  private static func value(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt32 {
    bytes[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func put<T: FixedWidthInteger>(_ value: T, at offset: Int, into bytes: inout [UInt8]) {
    for index in 0..<(T.bitWidth / 8) {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}
