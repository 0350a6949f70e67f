import Glibc

/// Asks the real QEMU for its version.
enum EmulatorVersion {
  /// Milliseconds.
  private static let patience = 20_000

  static func ask(_ emulator: String) throws(SystemError) -> QEMUVersion? {
    let output = try Descriptor.pipe()
    let child = try ChildProcess.spawn(emulator, ["--version"], output: output.writer)
    output.writer.close()
    let text = read(output.reader)
    if text == nil { kill(child, SIGKILL) }
    ChildProcess.wait(for: child)
    return text.flatMap { QEMUVersion(banner: $0) }
  }

  /// What comes until the end; nil if that takes too long.
  private static func read(_ pipe: Descriptor) -> String? {
    let deadline = Clock.milliseconds() + patience
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 16 {
      let left = deadline - Clock.milliseconds()
      guard left > 0, Poll.wait([.init(pipe, events: Int16(POLLIN))], timeout: left)[0] != 0 else {
        return nil
      }
      let got = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(pipe.number, $0.baseAddress, $0.count)
      }
      guard got > 0 else { break }
      bytes += buffer[..<got]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
