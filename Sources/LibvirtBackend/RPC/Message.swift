internal import Bytes

/// A message between libvirt's client and its daemon: a header in XDR, then what the procedure takes or
/// returns. Source: libvirt, `src/rpc/virnetprotocol.x`.
///
/// | offset | size | field    |                                              |
/// |-------:|-----:|----------|----------------------------------------------|
/// |      0 |    4 | length   | of the whole message, this word included     |
/// |      4 |    4 | program  | 0x20008086, `remote`                         |
/// |      8 |    4 | version  | 1                                            |
/// |     12 |    4 | proc     | `Procedure`                                  |
/// |     16 |    4 | type     | 0 call, 1 reply                              |
/// |     20 |    4 | serial   | a reply's is that of its call                |
/// |     24 |    4 | status   | 0 ok (every call), 1 error                   |
/// |     28 |      | payload  | arguments, results, or a `RemoteError`       |
enum Message {
  /// Bytes of the length word.
  static let lengthSize = 4
  /// Bytes of everything but the length word: the header at least, 32 MiB at most with that word.
  static let bodySizes = 24...(32 << 20) - lengthSize
  /// Bytes that a text may have.
  static let stringLimit = 4 << 20
  /// How many guests one reply may hold.
  static let domainLimit = 16384
  /// How many statistics one guest may have.
  static let statisticsLimit = 262_144
  /// How many parameters a platform or a launch may have.
  static let parameterLimit = 64

  private static let program: UInt32 = 0x2000_8086
  private static let version: UInt32 = 1
  private enum Kind { static let call: UInt32 = 0, reply: UInt32 = 1 }

  static func call(_ procedure: Procedure, serial: UInt32, _ arguments: XDRWriter) -> [UInt8] {
    var message = XDRWriter()
    message.unsigned(UInt32(truncatingIfNeeded: lengthSize + bodySizes.lowerBound + arguments.bytes.count))
    for word in [program, version, procedure.rawValue, Kind.call, serial, 0] { message.unsigned(word) }
    message.opaque(arguments.bytes)
    return message.bytes
  }

  /// How many bytes follow a length word.
  static func bodySize(after length: [UInt8]) throws(FormatError) -> Int {
    var reader = XDRReader(length, format: "length of a message")
    let size = Int(try reader.unsigned()) - lengthSize
    guard bodySizes.contains(size) else {
      throw FormatError(reader.format, at: 0, .invalid(field: "length", reason: "outside of the limits"))
    }
    return size
  }

  /// The payload of a reply, whose length word is read already; the reader stands at its start.
  static func payload(
    of body: [UInt8], replyingTo procedure: Procedure, serial: UInt32
  ) throws(FormatError) -> Payload {
    var reader = XDRReader(body, format: "reply to procedure \(procedure.rawValue)")
    try reader.require(program, field: "program")
    try reader.require(version, field: "version")
    try reader.require(procedure.rawValue, field: "procedure")
    try reader.require(Kind.reply, field: "type")
    try reader.require(serial, field: "serial")
    let start = reader.offset
    switch try reader.unsigned() {
    case 0: return .result(reader)
    case 1: return .error(try RemoteError(parsing: &reader))
    case let status:
      throw FormatError(
        reader.format, at: start,
        .unexpected(field: "status", found: UInt64(status), expected: "0 or 1"))
    }
  }

  enum Payload: Sendable {
    case result(XDRReader)
    case error(RemoteError)
  }
}
