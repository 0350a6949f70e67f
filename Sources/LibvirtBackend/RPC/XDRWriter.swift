internal import Bytes

/// Builds XDR (RFC 4506) front to back; see `XDRReader` for the forms.
struct XDRWriter: Sendable {
  private var writer = ByteWriter()

  var bytes: [UInt8] { writer.bytes }

  mutating func unsigned(_ value: UInt32) { writer.littleEndian(value.byteSwapped) }

  mutating func int(_ value: Int32) { unsigned(UInt32(bitPattern: value)) }

  mutating func unsignedHyper(_ value: UInt64) {
    unsigned(UInt32(truncatingIfNeeded: value >> 32))
    unsigned(UInt32(truncatingIfNeeded: value))
  }

  mutating func opaque(_ bytes: [UInt8]) {
    writer.append(bytes)
    writer.zeros((4 - bytes.count % 4) % 4)
  }

  /// `text` is shorter than 4 GiB: it came from a command line or from a message.
  mutating func string(_ text: String) {
    let bytes = Array(text.utf8)
    unsigned(UInt32(truncatingIfNeeded: bytes.count))
    opaque(bytes)
  }
}
