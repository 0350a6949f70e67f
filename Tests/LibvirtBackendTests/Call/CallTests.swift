import Glibc
import Testing

@testable import LibvirtBackend

@Suite("a call with a deadline") struct CallTests {
  @Test func `returns what its body returned`() throws {
    #expect(try Call { 42 }.result(until: .after(milliseconds: 5000))?.get() == 42)
  }

  @Test func `returns the error its body threw`() throws {
    let error = LibvirtError(kind: .argument, message: "no")
    let call = try Call<Int> { () throws(LibvirtError) in throw error }
    #expect(call.result(until: .after(milliseconds: 5000)) == .failure(error))
  }

  @Test func `is left behind at its deadline and answers later`() throws {
    let start = Deadline.now
    let call = try Call { usleep(300_000) }
    #expect(call.result(until: .after(milliseconds: 50)) == nil)
    #expect(Deadline.now < start.adding(milliseconds: 250))
    #expect(call.result(until: .after(milliseconds: 5000)) == .success(0))
    #expect(start.adding(milliseconds: 290) < .now)
  }

  @Test func `answers again and at once when it has ended`() throws {
    let call = try Call { 1 }
    _ = call.result(until: .after(milliseconds: 5000))
    #expect(call.result(until: .now) == .success(1))
  }

  @Test func `does not let a broken pipe end the process`() {
    let written = Call.outcome(until: .after(milliseconds: 5000)) {
      var ends: [Int32] = [0, 0]
      guard unsafe pipe(&ends) == 0 else { return (0, Int32(0)) }
      close(ends[0])
      var byte: UInt8 = 1
      let count = unsafe write(ends[1], &byte, 1)
      let reason = errno
      close(ends[1])
      return (count, reason)
    }
    guard case .success((-1, EPIPE))? = written else {
      Issue.record("\(String(describing: written))")
      return
    }
  }
}
