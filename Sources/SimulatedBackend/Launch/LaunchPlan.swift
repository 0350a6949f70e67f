import Bytes
import CVMCore
import CVMCrypto
import SEV
import SecureProcessor

/// All that is to be loaded into a guest's memory for its launch, in QEMU's order: the firmware, the kernel
/// hashes, the vCPUs' save areas. Made of the domain document and the files that it names, before anything is
/// locked; refused is what QEMU refuses.
struct LaunchPlan {
  struct Piece {
    let range: MemoryRange
    let bytes: [UInt8]
  }

  let request: LaunchStart
  let pieces: [Piece]
  /// Bytes of the guest's memory file: RAM, the firmware below 4 GiB, the save areas behind both.
  let memorySize: UInt64
  let secretArea: FirmwareArea?

  private let security: LaunchSecurityDefinition

  init(
    _ definition: DomainDefinition, _ security: LaunchSecurityDefinition
  ) throws(BackendError) {
    self.security = security
    guard let ram = GuestRAM(size: definition.maxMemory) else {
      throw .unsupported(reason: "a simulated guest has less than 1 TiB of memory")
    }
    let bytes = try Self.firmware(definition.boot)
    let firmware = try Self.image(bytes, definition.boot)
    var pieces = [Self.place(bytes)]
    if let hashes = try Self.kernelHashes(definition.boot, security, firmware, bytes, ram) {
      pieces.append(hashes)
    }
    let vcpus = security.policy.es ? definition.vcpus : 0
    pieces += try Self.saveAreas(definition, firmware, count: vcpus, at: ram.end)
    memorySize = ram.end + UInt64(vcpus * VMSA.size)
    self.pieces = pieces
    secretArea = firmware.secretArea
    request = LaunchStart(policy: security.policy, session: try security.launchSession())
  }

  /// QEMU's checks of the object against the host.
  func check(_ processor: SecureProcessor) throws(BackendError) {
    let model = processor.model
    if let requested = security.cbitPosition, requested != model.cbitPosition {
      throw .cbitPosition(host: model.cbitPosition, requested: requested)
    }
    if let requested = security.reducedPhysicalBits, !(1...63).contains(requested) {
      throw .reducedPhysicalBits(requested)
    }
    if security.policy.es, !processor.platform.isES { throw .esUnavailable }
  }

  private static func firmware(_ boot: BootSource) throws(BackendError) -> [UInt8] {
    guard let firmware = boot.firmware else {
      throw boot.isFirmwareChosenByHost
        ? .failed(
          operation: "start", reason: "operation failed: Unable to find any firmware to satisfy 'efi'")
        : .invalidDefinition(reason: "a guest with launch security needs an OVMF <loader>")
    }
    let file = try EmulatorFile(firmware.path, "firmware", limit: EmulatorFile.Limit.firmware)
    // Flash memory is mapped by pages, -bios by 64 KiB.
    let granule = firmware.kind == .pflash ? 0x1000 : 0x10000
    guard file.size.isMultiple(of: granule) else {
      throw firmware.kind == .rom
        ? .launch("qemu: could not load PC BIOS '\(firmware.path)'")
        : .launch("system firmware block device has invalid size \(file.size)")
    }
    return try file.bytes()
  }

  private static func image(_ firmware: [UInt8], _ boot: BootSource) throws(BackendError) -> FirmwareImage {
    do { return try FirmwareImage(parsing: firmware) } catch {
      throw .launch("the table of the firmware '\(boot.firmware?.path ?? "")' is damaged: \(error.summary)")
    }
  }

  /// The firmware's last byte is at 4 GiB - 1.
  private static func place(_ firmware: [UInt8]) -> Piece {
    let address = PhysicalLayout.fourGiB - UInt64(firmware.count)
    return Piece(
      range: MemoryRange(address: address, count: firmware.count, kind: .firmware), bytes: firmware)
  }

  /// Only with kernelHashes and a kernel; a kernel without kernelHashes is not measured.
  private static func kernelHashes(
    _ boot: BootSource, _ security: LaunchSecurityDefinition, _ firmware: FirmwareImage, _ bytes: [UInt8],
    _ ram: GuestRAM
  ) throws(BackendError) -> Piece? {
    guard security.kernelHashes, let kernel = boot.kernel else { return nil }
    let area = try hashArea(firmware, bytes)
    let address = UInt64(area.base)
    guard ram.contains(address, count: KernelHashes.size) else {
      throw .launch("SEV: cannot map hashes table guest memory area")
    }
    let kernelFile = try EmulatorFile(kernel, "kernel", limit: EmulatorFile.Limit.kernel)
    let initrdFile = try boot.initrd.map { (path) throws(BackendError) in
      try EmulatorFile(path, "initrd", limit: EmulatorFile.Limit.initrd)
    }
    let kernelDigest = try kernelFile.digest()
    let initrdDigest = try initrdFile.map { (file) throws(BackendError) in try file.digest() }
    let table: [UInt8]
    do {
      let commandLine = try KernelHashes.digest(ofCommandLine: boot.commandLine ?? "")
      table = try KernelHashes(
        kernelDigest: kernelDigest, initrdDigest: initrdDigest, commandLineDigest: commandLine
      ).table
    } catch {
      throw .failed(operation: "hashing the kernel", reason: error.summary)
    }
    return Piece(range: MemoryRange(address: address, count: table.count, kind: .kernelHashes), bytes: table)
  }

  private static func hashArea(_ firmware: FirmwareImage, _ bytes: [UInt8]) throws(BackendError)
    -> FirmwareArea
  {
    switch firmware.hashes {
    case .present(let area): return area
    case .absent: throw .noHashArea
    case .unusable: throw .hashArea(rawHashArea(firmware, bytes))
    }
  }

  /// As it stands in the table, for the message; zeros for an entry of another size.
  private static func rawHashArea(_ firmware: FirmwareImage, _ bytes: [UInt8]) -> FirmwareArea {
    let none = FirmwareArea(base: 0, size: 0)
    guard let range = firmware.entries[.kernelHashArea], range.count == 8 else { return none }
    var cursor = ByteCursor(Array(bytes[range]), format: "hash area")
    guard let base: UInt32 = try? cursor.littleEndian(), let size: UInt32 = try? cursor.littleEndian() else {
      return none
    }
    return FirmwareArea(base: base, size: size)
  }

  private static func saveAreas(
    _ definition: DomainDefinition, _ firmware: FirmwareImage, count: Int, at address: UInt64
  ) throws(BackendError) -> [Piece] {
    guard count > 0 else { return [] }
    let reset = try resetAddress(firmware)
    guard let signature = definition.cpu.signature else {
      throw .unsupported(
        reason: "the CPUID signature of CPU model '\(definition.cpu.model)' is not known")
    }
    return (0..<count).map { vcpu in
      let bytes = VMSA.page(vcpu: vcpu, resetAddress: reset, signature: signature, generation: .initial)
      let place = address + UInt64(vcpu * VMSA.size)
      return Piece(range: MemoryRange(address: place, count: bytes.count, kind: .vmsa(vcpu)), bytes: bytes)
    }
  }

  /// Needed with one vCPU too.
  private static func resetAddress(_ firmware: FirmwareImage) throws(BackendError) -> UInt32 {
    switch firmware.reset {
    case .present(let address): return address
    case .unusable(.zeroAddress): throw .zeroResetAddress
    case .absent, .unusable: throw .noResetBlock
    }
  }
}
