import Bytes
import StateStore
import Testing

@Suite("Clock") struct ClockTests {
  @Test func `the clock has come past the day this test was written`() throws {
    #expect(Timestamp.now() > (try #require(Timestamp("2026-11-01T00:00:00Z"))))
  }
}
