package import Bytes

/// What PLATFORM_STATUS tells. Little-endian. Source: AMD 55766, PLATFORM_STATUS.
///
/// | offset | size | field       | Swift                                  |
/// |-------:|-----:|-------------|----------------------------------------|
/// |   0x00 |    1 | API_MAJOR   | `apiMajor`                             |
/// |   0x01 |    1 | API_MINOR   | `apiMinor`                             |
/// |   0x02 |    1 | STATE       | `state`                                |
/// |   0x03 |    1 | OWNER       | bit 0 `isExternallyOwned`, others zero |
/// |   0x04 |    2 | CONFIG      | bit 0 `supportsES`, others zero        |
/// |   0x06 |    1 | reserved    | must be zero                           |
/// |   0x07 |    1 | BUILD       | `build`                                |
/// |   0x08 |    4 | GUEST_COUNT | `guestCount`                           |
package struct PlatformStatus: Equatable, Sendable {
  package static let size = 12

  package enum State: UInt8, Sendable {
    case uninitialized = 0
    case initialized = 1
    /// Initialized, and at least one guest is known.
    case working = 2
  }

  package var apiMajor: UInt8
  package var apiMinor: UInt8
  package var state: State
  package var isExternallyOwned: Bool
  package var supportsES: Bool
  package var build: UInt8
  package var guestCount: UInt32

  package init(
    apiMajor: UInt8, apiMinor: UInt8, state: State, isExternallyOwned: Bool, supportsES: Bool, build: UInt8,
    guestCount: UInt32
  ) {
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    self.state = state
    self.isExternallyOwned = isExternallyOwned
    self.supportsES = supportsES
    self.build = build
    self.guestCount = guestCount
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "platform status", size: Self.size)
    apiMajor = try cursor.littleEndian()
    apiMinor = try cursor.littleEndian()
    let number: UInt8 = try cursor.littleEndian()
    guard let state = State(rawValue: number) else {
      throw FormatError(
        cursor.format, at: 2, .unexpected(field: "STATE", found: UInt64(number), expected: "0, 1 or 2"))
    }
    self.state = state
    isExternallyOwned = try Self.flag(UInt8.self, &cursor, field: "OWNER")
    supportsES = try Self.flag(UInt16.self, &cursor, field: "CONFIG")
    try cursor.zeros(1, field: "reserved")
    build = try cursor.littleEndian()
    guestCount = try cursor.littleEndian()
    try cursor.finish()
  }

  package func serialized() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.append([apiMajor, apiMinor, state.rawValue, isExternallyOwned ? 1 : 0])
    writer.littleEndian(UInt16(supportsES ? 1 : 0))
    writer.append([0, build])
    writer.littleEndian(guestCount)
    return writer.bytes
  }

  /// A field of which only bit 0 is defined.
  private static func flag<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type, _ cursor: inout ByteCursor, field: String
  ) throws(FormatError) -> Bool {
    let start = cursor.offset
    let value: T = try cursor.littleEndian()
    guard value <= 1 else {
      throw FormatError(
        cursor.format, at: start, .unexpected(field: field, found: UInt64(value), expected: "0 or 1"))
    }
    return value == 1
  }
}
