internal import Bytes

/// libvirt's error on the wire. Source: libvirt, `src/rpc/virnetprotocol.x`, `virNetMessageError`.
///
/// | field            | XDR                                             |                                  |
/// |------------------|-------------------------------------------------|----------------------------------|
/// | code             | int                                             | `virErrorNumber`                 |
/// | domain           | int                                             | `virErrorDomain`                 |
/// | message          | optional string                                 |                                  |
/// | level            | int                                             | unused here                      |
/// | dom              | optional domain: string, opaque 16, int         | unused here                      |
/// | str1, str2, str3 | optional string each                            | unused here                      |
/// | int1             | int                                             | `errno` of a system error        |
/// | int2             | int                                             | unused here                      |
/// | net              | optional network: string, opaque 16             | unused here                      |
struct RemoteError: Equatable, Sendable {
  let code: Int32
  let domain: Int32
  let message: String?
  let int1: Int32

  /// The error is all that is left of a message.
  init(parsing reader: inout XDRReader) throws(FormatError) {
    code = try reader.int()
    domain = try reader.int()
    message = try Self.text(&reader)
    _ = try reader.int()
    if try reader.isPresent() { _ = try RemoteDomain(parsing: &reader) }
    for _ in 1...3 { _ = try Self.text(&reader) }
    int1 = try reader.int()
    _ = try reader.int()
    if try reader.isPresent() {
      _ = try reader.string(limit: Message.stringLimit)
      _ = try reader.opaque(RemoteDomain.uuidSize)
    }
    try reader.finish()
  }

  private static func text(_ reader: inout XDRReader) throws(FormatError) -> String? {
    try reader.isPresent() ? reader.string(limit: Message.stringLimit) : nil
  }
}

extension LibvirtError {
  /// As libvirt.so tells the caller of a call that failed in the daemon.
  init(_ error: RemoteError) {
    self.init(
      code: Int(error.code), domain: Int(error.domain), int1: error.int1,
      message: error.message ?? "libvirt gave no reason")
  }
}
