import Glibc

@testable import cvm_qemu

enum Sockets {
  struct Read {
    let text: String
    let descriptors: [Descriptor]
  }

  static func pair() throws(SystemError) -> (Descriptor, Descriptor) {
    var numbers: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0 else {
      throw SystemError("socketpair")
    }
    return (Descriptor(owning: numbers[0]), Descriptor(owning: numbers[1]))
  }

  /// What is there now, read by read.
  static func readAll(_ socket: Descriptor) -> [Read] {
    var reads: [Read] = []
    while case .bytes(let bytes, let descriptors) = Inbox.read(socket) {
      reads.append(Read(text: String(decoding: bytes, as: UTF8.self), descriptors: descriptors))
    }
    return reads
  }
}
