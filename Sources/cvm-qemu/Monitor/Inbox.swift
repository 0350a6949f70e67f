import CLinux
import Glibc

/// One nonblocking read of a monitor socket.
enum Inbox {
  enum Read {
    case bytes([UInt8], [Descriptor])
    case nothing
    case ended
  }

  /// Bytes.
  static let size = 1 << 16
  /// The kernel lets no more travel with one message.
  static let mostDescriptors = Int(cvm_descriptors_max)

  /// Reads bytes and the descriptors that came with them.
  static func read(_ socket: Descriptor) -> Read {
    var buffer = [UInt8](repeating: 0, count: size)
    var numbers = [Int32](repeating: -1, count: mostDescriptors)
    var count: Int32 = 0
    let got = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe cvm_receive(socket.number, base, bytes.count, &numbers, &count)
    }
    if got < 0 { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? .nothing : .ended }
    let descriptors = numbers.prefix(Int(count)).map(Descriptor.init(owning:))
    return got == 0 ? .ended : .bytes(Array(buffer[..<got]), descriptors)
  }
}
