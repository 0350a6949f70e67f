import CLinux
import Glibc

/// Whole reads and writes of descriptors that may block: files, memory and pipes, never a monitor.
enum ByteChannel {
  /// Reads to the end.
  ///
  /// Throws EFBIG where more than `limit` bytes come.
  static func readAll(_ source: Descriptor, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = unsafe buffer.withUnsafeMutableBytes { unsafe read(source.number, $0.baseAddress, $0.count) }
      if got < 0 {
        if errno == EINTR { continue }
        throw SystemError("read")
      }
      if got == 0 { return bytes }
      guard got <= limit - bytes.count else { throw SystemError("read", code: EFBIG) }
      bytes += buffer[..<got]
    }
  }

  static func readFile(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    do { return try readAll(Descriptor.open(path, O_RDONLY), limit: limit) } catch {
      throw SystemError(error.call, path: path, code: error.code)
    }
  }

  static func writeAll(_ bytes: [UInt8], to target: Descriptor) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes[done...]
      let put = unsafe rest.withUnsafeBytes { unsafe write(target.number, $0.baseAddress, $0.count) }
      if put < 0 {
        if errno == EINTR { continue }
        throw SystemError("write")
      }
      done += put
    }
  }

  /// Writes one line to standard error; nothing can be done about a failure.
  static func complain(_ line: String) {
    try? writeAll(Array((line + "\n").utf8), to: standardError)
  }

  private static var standardError: Descriptor { Descriptor(owning: dup(2)) }
}
