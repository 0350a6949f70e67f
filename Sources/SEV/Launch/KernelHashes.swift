internal import Bytes
package import CVMCrypto

/// The hashes by which a measured firmware knows kernel, initial RAM disk and command line of a direct
/// boot. QEMU writes them as a table into the firmware's hash area and has the table measured.
/// Little-endian; GUIDs mixed-endian. Source: QEMU, target/i386/sev.c, `sev_add_kernel_loader_hashes`.
///
/// | offset | size | field                                                                       |
/// |-------:|-----:|-----------------------------------------------------------------------------|
/// |   0x00 |   16 | 9438d606-4f22-4cc9-b479-a793d411fd21                                        |
/// |   0x10 |    2 | 0x00A8, size of the table                                                   |
/// |   0x12 |   50 | command line: 97d02dd8-bd20-4c94-aa78-e7714d36ab2a, 0x0032, SHA-256         |
/// |   0x44 |   50 | initial RAM disk: 44baf731-3a2f-4bd7-9af1-41e29169781d, 0x0032, SHA-256     |
/// |   0x76 |   50 | kernel: 4de79437-abd2-427f-b835-d5b172d2045b, 0x0032, SHA-256               |
/// |   0xA8 |    8 | zero                                                                        |
package struct KernelHashes: Equatable, Sendable {
  /// Bytes of the table with its padding.
  package static let size = 176

  /// SHA-256 of the whole kernel file.
  package let kernel: [UInt8]
  /// SHA-256 of the initial RAM disk; of nothing, where there is none.
  package let initrd: [UInt8]
  /// SHA-256 of the command line and one NUL; of the NUL alone, where there is none.
  package let commandLine: [UInt8]

  /// From the files' bytes. `commandLine` comes without its NUL and may not contain one.
  package init(kernel: [UInt8], initrd: [UInt8]?, commandLine: String?) throws(CryptoError) {
    try self.init(
      kernelDigest: SHA256.hash(kernel), initrdDigest: SHA256.hash(initrd ?? []),
      commandLineDigest: Self.digest(ofCommandLine: commandLine ?? ""))
  }

  /// From SHA-256 digests; nil stands for none. `commandLineDigest` covers the NUL too
  /// (`digest(ofCommandLine:)`).
  package init(
    kernelDigest: [UInt8], initrdDigest: [UInt8]?, commandLineDigest: [UInt8]?
  ) throws(CryptoError) {
    kernel = kernelDigest
    if let initrdDigest { initrd = initrdDigest } else { initrd = try SHA256.hash([]) }
    if let commandLineDigest {
      commandLine = commandLineDigest
    } else {
      commandLine = try Self.digest(ofCommandLine: "")
    }
    guard [kernel, initrd, commandLine].allSatisfy({ $0.count == SHA256.size }) else {
      throw .invalidInput("a kernel hash is not 32 bytes")
    }
  }

  /// As QEMU hashes a command line: with one NUL.
  package static func digest(ofCommandLine text: String) throws(CryptoError) -> [UInt8] {
    guard !text.utf8.contains(0) else { throw .invalidInput("the command line contains NUL") }
    return try SHA256.hash(Array(text.utf8) + [0])
  }

  /// The 176 bytes that are measured.
  package var table: [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.append(Self.tableID.bytes)
    writer.littleEndian(UInt16(0xA8))
    for (id, digest) in [(Self.commandLineID, commandLine), (Self.initrdID, initrd), (Self.kernelID, kernel)]
    {
      writer.append(id.bytes)
      writer.littleEndian(UInt16(0x32))
      writer.append(digest)
    }
    writer.zeros(8)
    return writer.bytes
  }

  private static let tableID = GUID(constant: "9438d606-4f22-4cc9-b479-a793d411fd21")
  private static let commandLineID = GUID(constant: "97d02dd8-bd20-4c94-aa78-e7714d36ab2a")
  private static let initrdID = GUID(constant: "44baf731-3a2f-4bd7-9af1-41e29169781d")
  private static let kernelID = GUID(constant: "4de79437-abd2-427f-b835-d5b172d2045b")
}
