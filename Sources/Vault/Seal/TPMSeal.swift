import Bytes

/// A secret that a TPM 2.0 gives back while its PCRs are as they were. Little-endian.
///
/// | offset | size | field   | content                                                            |
/// |-------:|-----:|---------|--------------------------------------------------------------------|
/// |   0x00 |    2 | BANK    | TPM_ALG_ID of the PCRs' hash: 0x000B SHA-256, 0x000C SHA-384        |
/// |   0x02 |    1 | FLAGS   | 1: a PIN is needed too; 2: the TPM is a program; others must be 0   |
/// |   0x03 |    1 | reserved | must be 0                                                         |
/// |   0x04 |    4 | PCRS    | bit N is PCR N, 0...23; not 0                                       |
/// |   0x08 |   34 | PARENT  | name of the primary key above it: 00 0B and a SHA-256               |
/// |   0x2A |    2 | PUBLIC  | its size, 3...512                                                   |
/// |   0x2C |    2 | PRIVATE | its size, 3...512                                                   |
/// |   0x2E |    2 | TCTI    | its size, 0...256                                                   |
/// |   0x30 |    n | public  | TPM2B_PUBLIC, as the TPM gave it                                    |
/// |  +0x00 |    m | private | TPM2B_PRIVATE, likewise                                             |
/// |  +0x00 |    k | tcti    | `TPMAddress`; empty for the machine's own TPM                       |
///
/// TPM 2.0 Library, Part 2, sections 12.2.5 and 12.3.7.
package struct TPMSeal: Equatable, Sendable {
  static let headSize = 0x30
  static let areaSizes = 3...512
  static let sizes = (headSize + 6)...(headSize + 2 * 512 + TPMAddress.limit)
  static let nameSize = 34
  /// Bytes that a PIN may have.
  package static let pinSizes = 1...32

  package let pcrs: PCRSelection
  package let hasPIN: Bool
  /// Who has the program's files has the secret.
  package let isSoftware: Bool
  let parent: [UInt8]
  let publicArea: [UInt8]
  let privateArea: [UInt8]
  /// Nil for the machine's own.
  package let address: TPMAddress?

  init(
    pcrs: PCRSelection, hasPIN: Bool, isSoftware: Bool, parent: [UInt8], publicArea: [UInt8],
    privateArea: [UInt8], address: TPMAddress?
  ) {
    self.pcrs = pcrs
    self.hasPIN = hasPIN
    self.isSoftware = isSoftware
    self.parent = parent
    self.publicArea = publicArea
    self.privateArea = privateArea
    self.address = address
  }

  init(parsing bytes: [UInt8], at base: Int) throws(FormatError) {
    func refuse(_ field: String, _ offset: Int, _ reason: String) -> FormatError {
      FormatError(SealedRootKey.format, at: base + offset, .invalid(field: field, reason: reason))
    }
    var cursor = ByteCursor(bytes, format: SealedRootKey.format)
    let number: UInt16 = try cursor.littleEndian()
    guard let bank = PCRSelection.Bank(rawValue: number) else { throw refuse("BANK", 0, "unknown") }
    let flags: UInt8 = try cursor.littleEndian()
    guard flags & ~3 == 0 else { throw refuse("FLAGS", 2, "unknown") }
    let reserved: UInt8 = try cursor.littleEndian()
    guard reserved == 0 else { throw refuse("reserved", 3, "not 0") }
    guard let pcrs = PCRSelection(bank: bank, mask: try cursor.littleEndian()) else {
      throw refuse("PCRS", 4, "none of 24")
    }
    let parent = try cursor.array(Self.nameSize)
    guard parent.starts(with: [0, 0x0B]) else { throw refuse("PARENT", 8, "no SHA-256 name") }
    let (publicSize, privateSize, addressSize): (UInt16, UInt16, UInt16) = (
      try cursor.littleEndian(), try cursor.littleEndian(), try cursor.littleEndian()
    )
    guard Self.areaSizes.contains(Int(publicSize)) else { throw refuse("PUBLIC", 0x2A, "out of range") }
    guard Self.areaSizes.contains(Int(privateSize)) else { throw refuse("PRIVATE", 0x2C, "out of range") }
    guard addressSize <= TPMAddress.limit else { throw refuse("TCTI", 0x2E, "out of range") }
    guard Self.headSize + Int(publicSize) + Int(privateSize) + Int(addressSize) == bytes.count else {
      throw refuse("PUBLIC", 0x2A, "not as long as all of it")
    }
    let publicArea = try cursor.array(Int(publicSize))
    guard Self.isSized(publicArea) else { throw refuse("public", Self.headSize, "another size inside") }
    let privateAt = cursor.offset
    let privateArea = try cursor.array(Int(privateSize))
    guard Self.isSized(privateArea) else { throw refuse("private", privateAt, "another size inside") }
    let addressAt = cursor.offset
    let text = String(validating: try cursor.array(Int(addressSize)), as: UTF8.self)
    try cursor.finish()
    guard let text, text.isEmpty || TPMAddress(text) != nil else { throw refuse("tcti", addressAt, "no TPM") }
    self.init(
      pcrs: pcrs, hasPIN: flags & 1 != 0, isSoftware: flags & 2 != 0, parent: parent,
      publicArea: publicArea, privateArea: privateArea, address: TPMAddress(text))
  }

  func serialized() -> [UInt8] {
    let tcti = Array((address?.tcti ?? "").utf8)
    var writer = ByteWriter(capacity: Self.headSize + publicArea.count + privateArea.count + tcti.count)
    writer.littleEndian(pcrs.bank.rawValue)
    writer.append([(hasPIN ? 1 : 0) | (isSoftware ? 2 : 0), 0])
    writer.littleEndian(pcrs.mask)
    writer.append(parent)
    for part in [publicArea, privateArea, tcti] {
      writer.littleEndian(UInt16(truncatingIfNeeded: part.count))
    }
    for part in [publicArea, privateArea, tcti] { writer.append(part) }
    return writer.bytes
  }

  /// A TPM2B says its size itself, big-endian.
  private static func isSized(_ area: [UInt8]) -> Bool {
    area.count >= 2 && Int(area[0]) << 8 | Int(area[1]) == area.count - 2
  }
}

/// Some platform configuration registers of one bank.
package struct PCRSelection: Equatable, Sendable {
  /// The hash of a bank, with its TPM_ALG_ID (TCG Algorithm Registry).
  package enum Bank: UInt16, CaseIterable, Sendable {
    case sha256 = 0x000B
    case sha384 = 0x000C

    package var name: String { self == .sha256 ? "sha256" : "sha384" }
  }

  package let bank: Bank
  /// Bit N is PCR N.
  let mask: UInt32

  private static let count = 24

  /// Secure Boot's policy, and the kernel with its command line as systemd measures them.
  package static let usual = PCRSelection(bank: .sha256, bits: 1 << 7 | 1 << 11)

  private init(bank: Bank, bits: UInt32) {
    self.bank = bank
    mask = bits
  }

  /// Nil for none, and for more than a TPM has.
  init?(bank: Bank, mask: UInt32) {
    guard mask != 0, mask >> Self.count == 0 else { return nil }
    self.init(bank: bank, bits: mask)
  }

  /// `sha256:7,11`.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let bank = Bank.allCases.first(where: { $0.name == parts[0] }) else { return nil }
    var mask: UInt32 = 0
    for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(part), number < Self.count
      else { return nil }
      mask |= 1 << UInt32(number)
    }
    self.init(bank: bank, mask: mask)
  }

  package var text: String {
    let numbers = (0..<Self.count).filter { mask >> UInt32($0) & 1 == 1 }
    return bank.name + ":" + numbers.map(String.init).joined(separator: ",")
  }
}

/// Where a TPM is, as libtss2-tctildr takes it: the name of one of its modules, and what that one wants.
package struct TPMAddress: Equatable, Sendable {
  static let limit = 256
  /// Modules that talk to a TPM. tctildr would load any file by its path, and run any program with `cmd`.
  private static let modules = ["device", "swtpm", "mssim", "tabrmd"]

  package let tcti: String

  /// `device:/dev/tpmrm0`, `swtpm:path=/run/swtpm`. Nil for other modules and text that is not plain.
  package init?(_ tcti: String) {
    let module = tcti.prefix { $0 != ":" }
    guard tcti.utf8.count <= Self.limit, tcti.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      Self.modules.contains(String(module))
    else { return nil }
    self.tcti = tcti
  }
}
