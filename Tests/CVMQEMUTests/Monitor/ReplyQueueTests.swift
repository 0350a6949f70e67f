import Testing

@testable import cvm_qemu

@Suite("Order of replies") struct ReplyQueueTests {
  @Test func `an own reply goes out at once if nothing is awaited`() {
    var queue = ReplyQueue()
    let ready = queue.answered([1])
    #expect(ready == [[1]])
    #expect(queue.count == 0)
  }

  @Test func `an own reply waits for QEMU's that were asked for before`() {
    var queue = ReplyQueue()
    queue.expectReply()
    queue.expectReply(.blockMigration)
    let early = queue.answered([1]) + queue.answered([2])
    #expect(early.isEmpty)
    queue.expectReply()
    let first = (queue.received(), queue.takeOwn())
    #expect(first.0 == ReplyQueue.Edit.none && first.1.isEmpty)
    let second = (queue.received(), queue.takeOwn())
    #expect(second.0 == .blockMigration && second.1 == [[1], [2]])
    #expect(queue.count == 1)
  }

  @Test func `a reply that nobody asked for answers nothing`() {
    var queue = ReplyQueue()
    let before = queue.received()
    _ = queue.answered([1])
    let after = queue.received()
    #expect(before == nil && after == nil)
  }

  @Test func `thousands of replies keep their order`() {
    var queue = ReplyQueue()
    var seen: [[UInt8]] = []
    let sent = (0..<5000).map { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    for (number, reply) in sent.enumerated() {
      queue.expectReply()
      _ = queue.answered(reply)
      guard number >= 100 else { continue }
      if queue.received() != nil { seen += queue.takeOwn() }
    }
    #expect(seen == Array(sent.prefix(4900)))
    #expect(queue.count == 200)
  }
}
