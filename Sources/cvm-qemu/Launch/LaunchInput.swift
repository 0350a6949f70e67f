import Bytes
import Glibc
import SEV
import SecureProcessor

/// The files of a launch, read and checked as QEMU does it before it turns to the AMD-SP.
struct LaunchInput {
  let firmware: FirmwareImage
  /// All of the firmware.
  let bytes: [UInt8]
  let session: LaunchSession?
  /// Nil without a kernel or without `kernel-hashes=on`.
  let hashes: HashesInput?

  /// Bytes.
  private static let firmwareLimit = 64 << 20
  private static let certificateLimit = 1 << 20

  init(_ plan: GuestPlan) throws(LaunchRefusal) {
    bytes = try Self.bytes(plan)
    do { firmware = try FirmwareImage(parsing: bytes) } catch {
      throw .badFirmwareTable(reason: error.summary)
    }
    session = try Self.session(plan.object)
    hashes = try Self.hashes(plan, firmware, bytes)
    if plan.object.policy.es { try requireResetAddress() }
  }

  private static func bytes(_ plan: GuestPlan) throws(LaunchRefusal) -> [UInt8] {
    let bytes = try read(plan.firmware, limit: firmwareLimit)
    // The firmware commands take whole 16-byte blocks, QEMU whole 4 KiB pages of flash and 64 KiB of -bios.
    guard !bytes.isEmpty, bytes.count.isMultiple(of: VMSA.size) else { throw .badFirmwareSize(plan.firmware) }
    return bytes
  }

  /// The firmware looks at a session only if there is a certificate (AMD 55766, LAUNCH_START).
  private static func session(_ object: SEVObject) throws(LaunchRefusal) -> LaunchSession? {
    let blob = try object.sessionFile.map { file throws(LaunchRefusal) in try certificate(file) }
    guard let file = object.certificateFile else { return nil }
    return LaunchSession(certificate: try certificate(file), blob: blob ?? [])
  }

  private static func certificate(_ file: String) throws(LaunchRefusal) -> [UInt8] {
    do { return LenientBase64.decode(try ByteChannel.readFile(file, limit: certificateLimit)) } catch {
      throw .unreadableCertificate(file: file, reason: error.reason)
    }
  }

  private static func hashes(
    _ plan: GuestPlan, _ firmware: FirmwareImage, _ bytes: [UInt8]
  ) throws(LaunchRefusal) -> HashesInput? {
    guard plan.object.kernelHashes, let kernel = plan.kernel else { return nil }
    return try HashesInput(kernel, area: area(firmware, bytes))
  }

  private static func area(_ firmware: FirmwareImage, _ bytes: [UInt8]) throws(LaunchRefusal) -> FirmwareArea
  {
    switch firmware.hashes {
    case .present(let area): return area
    case .absent: throw .noHashesArea
    case .unusable(.wrongSize): throw .badFirmwareTable(reason: "hashes area of a wrong size")
    case .unusable:
      let area = firmware.hashesAreaAsWritten(in: bytes)
      throw .badHashesArea(base: area.base, size: area.size)
    }
  }

  private func requireResetAddress() throws(LaunchRefusal) {
    switch firmware.reset {
    case .present: return
    case .absent: throw .noFirmwareTable
    case .unusable(.zeroAddress): throw .zeroResetAddress
    case .unusable(let defect): throw .badFirmwareTable(reason: defect.summary)
    }
  }

  static func read(_ file: String, limit: Int) throws(LaunchRefusal) -> [UInt8] {
    do { return try ByteChannel.readFile(file, limit: limit) } catch {
      throw .unreadable(file: file, reason: error.reason)
    }
  }
}

extension FirmwareImage {
  /// The hash area's entry without judgement, for QEMU's text about it.
  fileprivate func hashesAreaAsWritten(in bytes: [UInt8]) -> FirmwareArea {
    guard let range = entries[.kernelHashArea], range.count == 8 else {
      return FirmwareArea(base: 0, size: 0)
    }
    let entry = Array(bytes[range])
    let number = { (part: ArraySlice<UInt8>) in part.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
    return FirmwareArea(base: number(entry[0..<4]), size: number(entry[4..<8]))
  }
}
