import Glibc
import Testing

@testable import cvm_qemu

@Suite("Bytes that wait for a socket") struct OutboxTests {
  @Test func `a slow reader gets everything in order, and nobody waits for it`() throws {
    let (near, far) = try Sockets.pair()
    var outbox = Outbox()
    var expected: [UInt8] = []
    for number in 0..<3000 {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number)
      outbox.append(bytes)
      expected += bytes
    }
    var isOpen = outbox.flush(to: near)
    #expect(isOpen && !outbox.isEmpty)
    var seen: [UInt8] = []
    while seen.count < expected.count {
      guard case .bytes(let bytes, _) = Inbox.read(far) else { break }
      seen += bytes
      isOpen = outbox.flush(to: near) && isOpen
    }
    #expect(isOpen && seen == expected)
    #expect(outbox.isEmpty)
  }

  @Test func `a reader that is gone is told, without a signal`() throws {
    let (near, far) = try Sockets.pair()
    far.close()
    var outbox = Outbox()
    outbox.append([1])
    let isOpen = outbox.flush(to: near)
    #expect(!isOpen)
  }
}
