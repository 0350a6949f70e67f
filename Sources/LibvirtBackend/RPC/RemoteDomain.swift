internal import Bytes
internal import CVMCore

/// A guest on the wire. Source: libvirt, `src/remote/remote_protocol.x`, `remote_nonnull_domain`.
///
/// | field | XDR       |                                        |
/// |-------|-----------|----------------------------------------|
/// | name  | string    |                                        |
/// | uuid  | opaque 16 | in RFC 4122 order                      |
/// | id    | int       | of the run; -1 while inactive          |
struct RemoteDomain: Sendable {
  static let uuidSize = 16
  /// Bytes of the shortest one.
  static let minimumSize = 4 + uuidSize + 4

  let name: String
  let uuid: GuestUUID
  /// Nil while inactive.
  let id: Int32?

  init(parsing reader: inout XDRReader) throws(FormatError) {
    name = try reader.string(limit: Message.stringLimit)
    let start = reader.offset
    guard let uuid = GuestUUID(bytes: try reader.opaque(Self.uuidSize)) else {
      throw FormatError(reader.format, at: start, .invalid(field: "uuid", reason: "not 16 bytes"))
    }
    self.uuid = uuid
    let id = try reader.int()
    self.id = id < 0 ? nil : id
  }

  func write(to writer: inout XDRWriter) {
    writer.string(name)
    writer.opaque(uuid.bytes)
    writer.int(id ?? -1)
  }
}

extension GuestUUID {
  /// 16 bytes in RFC 4122 order: the text always has 32 hexadecimal digits.
  var bytes: [UInt8] { Hex.decode(rawValue.filter { $0 != "-" }) ?? [] }
}
