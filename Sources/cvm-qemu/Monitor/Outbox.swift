import CLinux
import Glibc

/// Bytes that wait for a socket to take them, each run with the descriptors that travel with its first byte.
struct Outbox {
  private struct Chunk {
    var bytes: [UInt8]
    var sent = 0
    var descriptors: [Descriptor]
  }

  private var chunks: [Chunk] = []
  private var first = 0
  /// Bytes that wait.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ bytes: [UInt8], _ descriptors: [Descriptor] = []) {
    guard !bytes.isEmpty else { return }
    chunks.append(Chunk(bytes: bytes, descriptors: descriptors))
    count += bytes.count
  }

  /// Sends as much as the socket takes without waiting. False once the other end is gone.
  mutating func flush(to socket: Descriptor) -> Bool {
    while first < chunks.count {
      let put = Self.send(chunks[first], to: socket)
      if put < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN || errno == EWOULDBLOCK
      }
      took(put)
    }
    return true
  }

  private mutating func took(_ bytes: Int) {
    count -= bytes
    chunks[first].sent += bytes
    chunks[first].descriptors = []
    guard chunks[first].sent == chunks[first].bytes.count else { return }
    chunks[first].bytes = []
    first += 1
    if first == chunks.count || first >= 256 {
      chunks.removeFirst(first)
      first = 0
    }
  }

  private static func send(_ chunk: Chunk, to socket: Descriptor) -> Int {
    let rest = chunk.bytes[chunk.sent...]
    let numbers = chunk.descriptors.map(\.number)
    return unsafe rest.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe cvm_send(socket.number, base, bytes.count, numbers, Int32(clamping: numbers.count))
    }
  }
}
