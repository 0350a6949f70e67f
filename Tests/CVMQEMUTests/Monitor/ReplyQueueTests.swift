import Testing

@testable import cvm_qemu

@Suite("Order of replies") struct ReplyQueueTests {
  @Test func `an own reply goes out at once if nothing is awaited`() {
    var queue = ReplyQueue()
    #expect(queue.answered([1]) == [[1]])
    #expect(queue.count == 0)
  }

  @Test func `an own reply waits for QEMU's that were asked for before`() {
    var queue = ReplyQueue()
    queue.expectReply()
    queue.expectReply(.blockMigration)
    #expect(queue.answered([1]).isEmpty)
    #expect(queue.answered([2]).isEmpty)
    queue.expectReply()
    #expect(queue.received() == ReplyQueue.Edit.none)
    #expect(queue.takeOwn().isEmpty)
    #expect(queue.received() == .blockMigration)
    #expect(queue.takeOwn() == [[1], [2]])
    #expect(queue.count == 1)
  }

  @Test func `a reply that nobody asked for answers nothing`() {
    var queue = ReplyQueue()
    #expect(queue.received() == nil)
    _ = queue.answered([1])
    #expect(queue.received() == nil)
  }

  @Test func `thousands of replies keep their order`() {
    var queue = ReplyQueue()
    var seen = 0
    for number in 0..<5000 {
      queue.expectReply()
      _ = queue.answered([UInt8(truncatingIfNeeded: number)])
      if number >= 100 {
        #expect(queue.received() == ReplyQueue.Edit.none)
        #expect(queue.takeOwn() == [[UInt8(truncatingIfNeeded: seen)]])
        seen += 1
      }
    }
    #expect(queue.count == 200)
  }
}
