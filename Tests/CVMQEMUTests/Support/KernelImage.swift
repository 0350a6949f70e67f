/// Kernels that QEMU loads and nobody executes.
enum KernelImage {
  /// A setup header of protocol 2.15, loaded at 1 MiB.
  static var bzImage: [UInt8] {
    var image = [UInt8](repeating: 0, count: 8192)
    image[0x1F1] = 1  // sectors of the setup
    image.replaceSubrange(0x1FE..<0x200, with: [0x55, 0xAA])
    image.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    image.replaceSubrange(0x206..<0x208, with: [15, 2])
    image[0x211] = 1
    image.replaceSubrange(0x22C..<0x230, with: [0xFF, 0xFF, 0xFF, 0x7F])
    return image
  }
}
