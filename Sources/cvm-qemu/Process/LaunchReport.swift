/// How a launch went, over a pipe from the proxy to the process that waits to become QEMU: one byte 0 and the end for
/// success, or lines of text and the end.
enum LaunchReport {
  static let success: [UInt8] = [0]
  /// Bytes.
  static let sizeLimit = 64 << 10

  static func send(_ refusal: LaunchRefusal?, over pipe: Descriptor) throws(SystemError) {
    let lines = refusal?.lines.joined(separator: "\n")
    try ByteChannel.writeAll(lines.map { Array($0.utf8) } ?? success, to: pipe)
  }

  /// The lines to complain with; empty after a success.
  static func receive(from pipe: Descriptor) -> [String] {
    guard let bytes = try? ByteChannel.readAll(pipe, limit: sizeLimit), !bytes.isEmpty else {
      return LaunchRefusal.proxyDied.lines
    }
    if bytes == success { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
