import Bytes
import SEV

/// Builds IGVM files, right or wrong.
struct IGVMBuilder {
  var version: UInt32 = 1
  private var headers: [UInt8] = []
  private var data: [UInt8] = []
  /// Places in `headers` that hold an offset into the data, to be moved behind the headers.
  private var offsets: [Int] = []

  static let mask: UInt32 = 1

  /// Where the next header starts within the headers.
  var nextHeader: Int { headers.count }

  mutating func header(_ type: UInt32, _ content: [UInt8]) {
    headers += type.littleEndianBytes + UInt32(content.count).littleEndianBytes + content
    headers += [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
  }

  mutating func platform(_ type: UInt8 = 2, mask: UInt32 = Self.mask) {
    header(0x001, mask.littleEndianBytes + [0, type, 1, 0] + zeros(8))
  }

  mutating func policy(_ policy: UInt64 = 0x30000, mask: UInt32 = Self.mask) {
    header(0x101, policy.littleEndianBytes + mask.littleEndianBytes + zeros(4))
  }

  mutating func page(
    _ gpa: UInt64, _ bytes: [UInt8]? = nil, flags: UInt32 = 0, type: UInt16 = 0, mask: UInt32 = Self.mask
  ) {
    let place = headers.count + 8 + 12
    var content = gpa.littleEndianBytes + mask.littleEndianBytes + zeros(4)
    content += flags.littleEndianBytes + type.littleEndianBytes + zeros(2)
    header(0x302, content)
    if let bytes { refer(place, bytes) }
  }

  mutating func area(_ index: UInt32 = 0, bytes: UInt64 = 4096) {
    header(0x301, bytes.littleEndianBytes + index.littleEndianBytes + zeros(4))
  }

  mutating func parameter(_ type: UInt32 = 0x307, area: UInt32 = 0, offset: UInt32 = 0) {
    header(type, area.littleEndianBytes + offset.littleEndianBytes)
  }

  mutating func insert(_ gpa: UInt64, area: UInt32 = 0, mask: UInt32 = Self.mask) {
    header(0x303, gpa.littleEndianBytes + mask.littleEndianBytes + area.littleEndianBytes)
  }

  mutating func context(
    _ vmsa: [UInt8], vcpu: UInt16 = 0, gpa: UInt64 = 0xFFFF_FFFF_F000, mask: UInt32 = Self.mask
  ) {
    let place = headers.count + 8 + 12
    var content = gpa.littleEndianBytes + mask.littleEndianBytes + zeros(4)
    content += vcpu.littleEndianBytes + zeros(2)
    header(0x304, content)
    refer(place, vmsa)
  }

  mutating func required(_ gpa: UInt64, bytes: UInt32) {
    header(
      0x305, gpa.littleEndianBytes + Self.mask.littleEndianBytes + bytes.littleEndianBytes + zeros(8))
  }

  mutating func idBlock(_ block: IDBlock, _ auth: IDAuth, version: UInt32 = 1) {
    let bytes = auth.serialized()
    func key(_ offset: Int) -> [UInt8] {
      Array(bytes[offset..<offset + 4]) + zeros(4) + Array(bytes[offset + 4..<offset + 148])
    }
    var content = Self.mask.littleEndianBytes + [auth.author == nil ? 0 : 1, 0, 0, 0]
    content += block.launchDigest + block.familyID + block.imageID
    content += version.littleEndianBytes + block.guestSVN.littleEndianBytes + bytes[0..<8]
    content += bytes[0x40..<0x40 + 144]
    content += key(0x240)
    content += bytes[0x680..<0x680 + 144]
    content += auth.author == nil ? zeros(152) : key(0x880)
    header(0x30B, content)
  }

  /// The file, with a right checksum.
  func file() -> [UInt8] {
    let start = version == 1 ? 0x18 : 0x20
    var headers = headers
    let dataStart = start + headers.count
    for place in offsets {
      let relative = UInt32(Self.number(headers, at: place))
      headers.replaceSubrange(place..<place + 4, with: (relative + UInt32(dataStart)).littleEndianBytes)
    }
    let body = headers + (data.isEmpty ? [0] : data)
    var file = Array("IGVM".utf8) + version.littleEndianBytes
    for number in [start, headers.count, start + body.count, 0] { file += UInt32(number).littleEndianBytes }
    if version > 1 { file += zeros(4) + UInt32(4096).littleEndianBytes }
    return Self.sealed(file + body)
  }

  /// The same bytes with the checksum that they need, if they are long enough for one.
  static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 0x18 else { return bytes }
    let (start, count) = (number(bytes, at: 8), number(bytes, at: 12))
    guard start <= bytes.count, count <= bytes.count - start else { return bytes }
    var fixed = Array(bytes[..<min(bytes.count, number(bytes, at: 4) == 2 ? 0x20 : 0x18)])
    for index in 0x14..<0x18 { fixed[index] = 0 }
    var sealed = bytes
    sealed.replaceSubrange(
      0x14..<0x18, with: crc32(fixed + bytes[start..<start + count]).littleEndianBytes)
    return sealed
  }

  /// Bit by bit, as ISO 3309 has it: another way than the one under test.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var value = ~UInt32(0)
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }

  private static func number(_ bytes: [UInt8], at offset: Int) -> Int {
    var number = 0
    for byte in bytes[offset..<offset + 4].reversed() { number = number << 8 | Int(byte) }
    return number
  }

  private mutating func refer(_ place: Int, _ bytes: [UInt8]) {
    headers.replaceSubrange(place..<place + 4, with: UInt32(data.count).littleEndianBytes)
    offsets.append(place)
    data += bytes
  }

  private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

/// The worked example: a page of F4 at 0x10000, an empty one, secrets, CPUID, a parameter area, and QEMU's VMSA of an EPYC-v4 with
/// CR0 0x30.
func exampleIGVM() -> IGVMBuilder {
  var builder = IGVMBuilder()
  builder.platform()
  builder.policy()
  builder.required(0, bytes: 0x20000)
  builder.area()
  builder.parameter()
  builder.page(0x10000, [UInt8](repeating: 0xF4, count: 4096))
  builder.page(0x11000)
  builder.page(0x12000, type: 1)
  builder.page(0x13000, type: 2)
  builder.insert(0x14000)
  builder.context(exampleVMSA())
  return builder
}

func exampleVMSA() -> [UInt8] {
  var vmsa = VMSA.page(
    vcpu: 0, resetAddress: 0, signature: CPUSignature(rawValue: 0x0080_0F12), generation: .init2, features: 1)
  vmsa[0x158] = 0x30
  return vmsa
}
