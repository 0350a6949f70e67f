import Foundation

/// The worked IGVM file, with the digest that its launch measures to: a page of F4, an empty one, secrets, CPUID, a parameter
/// area, one register state.
package enum ExampleIGVM {
  package static let digest =
    "3653b5aee2c32d0a8459cee497a5aff06e0e5dfa33a75bf49e5c0f2c76b94121ae88a2c4c3f68152459f51896b4876dc"
  /// Where the empty page is measured as a page of zeros.
  package static let normalDigest =
    "a7f26cfbbdfbc52d9a8331f94e8d7c87a136831837889a0a5bb4471deef35be84560d954de9c9b727f88755f93a9605d"

  package static let file: [UInt8] = {
    var vmsa = [UInt8](repeating: 0, count: 4096)
    for (offset, bytes) in registers { vmsa.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    return headers + [UInt8](repeating: 0xF4, count: 4096) + vmsa
  }()

  /// The file with an ID block: 96 and 4096 bytes, with an author key. It measures to the same.
  package static func file(block: [UInt8], auth: [UInt8]) -> [UInt8] {
    func key(_ offset: Int) -> [UInt8] {
      Array(auth[offset..<offset + 4]) + [0, 0, 0, 0] + Array(auth[offset + 4..<offset + 148])
    }
    var header = hex("0b030000 b8020000 01000000 01000000") + Array(block[..<88]) + Array(auth[..<8])
    header += Array(auth[0x40..<0xD0]) + key(0x240)
    header += Array(auth[0x680..<0x710]) + key(0x880)
    var bytes = headers + header + file[headers.count...]
    for place in [0x0C, 0x10, 0xA4, 0x13C] {
      let value = (0..<4).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) } + header.count
      for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    bytes.replaceSubrange(0x14..<0x18, with: [0, 0, 0, 0])
    let checksum = crc32(bytes[..<(headers.count + header.count)])
    for index in 0..<4 { bytes[0x14 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    return bytes
  }

  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var value = ~UInt32(0)
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }

  private static let headers = hex(
    """
    4947564d 01000000 18000000 30010000 48210000 802a33be
    01000000 10000000 01000000 00020100 00000000 00000000
    01010000 10000000 00000300 00000000 01000000 00000000
    05030000 18000000 00000000 00000000 01000000 00000200 00000000 00000000
    01030000 10000000 00100000 00000000 00000000 00000000
    07030000 08000000 00000000 00000000
    02030000 18000000 00000100 00000000 01000000 48010000 00000000 00000000
    02030000 18000000 00100100 00000000 01000000 00000000 00000000 00000000
    02030000 18000000 00200100 00000000 01000000 00000000 00000000 01000000
    02030000 18000000 00300100 00000000 01000000 00000000 00000000 02000000
    03030000 10000000 00400100 00000000 01000000 00000000
    04030000 14000000 00f0ffff ffff0000 01000000 48110000 00000000 00000000
    """)

  /// Offsets in the VMSA with what stands there.
  private static let registers: [(Int, [UInt8])] = [
    (0x00, segment), (0x20, segment), (0x30, segment), (0x40, segment), (0x50, segment),
    (0x10, hex("00f09b00ffff00000000ffff")), (0x60, hex("00000000ffff0000")), (0x70, hex("00008200ffff0000")),
    (0x80, hex("00000000ffff0000")), (0x90, hex("00008b00ffff0000")), (0xD0, hex("0010")), (0x148, hex("40")),
    (0x158, hex("30")), (0x160, hex("0004")), (0x168, hex("f00fffff")), (0x170, hex("02")),
    (0x178, hex("f0ff")), (0x268, hex("0604070006040700")), (0x310, hex("120f8000")), (0x3B0, hex("01")),
    (0x3E8, hex("01")), (0x408, hex("801f")), (0x410, hex("7f03")),
  ]

  private static let segment = hex("00009300ffff0000")

  private static func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map(String.init)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] + digits[$0 + 1], radix: 16) ?? 0
    }
  }
}

/// A private key of P-384 as OpenSSL writes it (RFC 5915 in PEM), its scalar 48 times one byte.
package enum ExampleKey {
  package static func pem(_ byte: UInt8) -> String {
    var der: [UInt8] = [0x30, 0x3E, 0x02, 0x01, 0x01, 0x04, 0x30]
    der += [UInt8](repeating: byte, count: 48)
    der += [0xA0, 0x07, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
    let text = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    return "-----BEGIN EC PRIVATE KEY-----\n\(text)\n-----END EC PRIVATE KEY-----\n"
  }
}
