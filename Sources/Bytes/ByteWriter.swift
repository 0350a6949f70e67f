/// Builds a format front to back.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  package mutating func append(_ more: [UInt8]) { bytes += more }

  package mutating func zeros(_ count: Int) { bytes += [UInt8](repeating: 0, count: count) }

  package mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    bytes += value.littleEndianBytes
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The value's bytes, least significant first.
  package var littleEndianBytes: [UInt8] {
    unsafe withUnsafeBytes(of: littleEndian) { unsafe Array($0) }
  }
}
