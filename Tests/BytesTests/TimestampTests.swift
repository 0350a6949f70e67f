import Bytes
import Testing

@Suite("Timestamps") struct TimestampTests {
  /// Computed with Python's datetime.
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_795_558_500, "2026-11-24T22:15:00.000Z"),
      (-1, "1969-12-31T23:59:59.000Z"),
      (951_782_400, "2000-02-29T00:00:00.000Z"), (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
      (253_402_300_799, "9999-12-31T23:59:59.000Z"), (4_102_444_800, "2100-01-01T00:00:00.000Z"),
      (2_147_483_648, "2038-01-19T03:14:08.000Z"),
    ] as [(Int64, String)])
  func `seconds and text are the same moment`(_ seconds: Int64, _ text: String) {
    #expect(Timestamp(seconds: seconds)?.description == text)
    #expect(Timestamp(text)?.seconds == seconds)
  }

  @Test func `days of eight centuries come back`() {
    for day in stride(from: -140_000 as Int64, to: 140_000, by: 11) {
      guard let moment = Timestamp(seconds: day * 86_400 + 43_200) else { continue }
      if Timestamp(moment.description) != moment { Issue.record("\(moment)") }
    }
  }

  @Test(arguments: [
    ("2026-11-24T22:15:00Z", 0), ("2026-11-24t22:15:00z", 0), ("2026-11-25T00:15:00+02:00", 0),
    ("2026-11-24T16:45:00-05:30", 0), ("2026-11-24T22:15:00.5Z", 500_000_000),
    ("2026-11-24T22:15:00.123456789Z", 123_456_000),
    ("2026-11-24T22:14:60Z", 0), ("2026-11-24T22:15:00-00:00", 0),
  ])
  func `RFC 3339's spellings are read`(_ text: String, _ nanoseconds: Int) {
    #expect(Timestamp(text) == Timestamp(seconds: 1_795_558_500, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2026-11-24", "2026-11-24T22:15Z", "2026-11-24T22:15:00", "2026-11-24 22:15:00Z",
    "2026-11-24T22:15:00.Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-11-00T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T22:60:00Z", "2026-11-24T22:15:61Z",
    "0000-01-01T00:00:00Z",
    "2026-11-24T22:15:00+24:00", "2026-11-24T22:15:00+0200", "2026-11-24T22:15:00+02:60",
    "26-11-24T22:15:00Z",
    "02026-11-24T22:15:00Z", "2026-11-24T22:15:00ZZ", " 2026-11-24T22:15:00Z", "2026-11-24T22:15:00Z\n",
    "+026-11-24T22:15:00Z",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "２026-11-24T22:15:00Z", "now",
  ])
  func `anything else is no moment`(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func `fractions are rounded down, also before 1970`() {
    #expect(Timestamp(seconds: 0, nanoseconds: 999_999_999)?.description == "1970-01-01T00:00:00.999Z")
    let before = Timestamp(microseconds: -1)
    #expect(before?.description == "1969-12-31T23:59:59.999Z")
    #expect(before?.seconds == -1)
    #expect(before?.nanoseconds == 999_999_000)
  }

  @Test func `what RFC 3339 cannot write is no moment`() {
    for seconds in [Int64.min, -62_135_596_801, 253_402_300_800, .max] {
      #expect(Timestamp(seconds: seconds) == nil)
    }
    for microseconds in [Int64.min, .max] { #expect(Timestamp(microseconds: microseconds) == nil) }
    for nanoseconds in [-1, 1_000_000_000, .max] {
      #expect(Timestamp(seconds: 0, nanoseconds: nanoseconds) == nil)
    }
  }

  @Test func `texts sort as moments do, and the difference is in seconds`() throws {
    let (early, late) = (
      try #require(Timestamp("2026-11-24T22:15:00Z")), try #require(Timestamp("2026-11-24T22:15:01.25Z"))
    )
    #expect(early < late)
    #expect(early.description < late.description)
    #expect(late.seconds(since: early) == 1.25)
    #expect(early.seconds(since: late) == -1.25)
  }
}
