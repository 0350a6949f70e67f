import Bytes
import Testing

/// A small generator with a seed, so that a failing input can be made again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

/// `sample` with one to four small damages: a bit, a byte, a telling value, a piece cut out, doubled or
/// appended.
func mutated(_ sample: [UInt8], _ random: inout SeededGenerator, within hot: Range<Int>? = nil) -> [UInt8] {
  var bytes = sample
  for _ in 0..<Int.random(in: 1...4, using: &random) {
    guard !bytes.isEmpty else { return bytes }
    let whole = 0..<bytes.count
    let zone = (hot ?? whole).clamped(to: whole)
    let place = Int.random(in: zone.isEmpty ? whole : zone, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2, 3: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 4: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
    case 5: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &random)))
    case 6:
      bytes.insert(
        contentsOf: bytes[place..<min(bytes.count, place + Int.random(in: 1...20, using: &random))], at: place
      )
    default: bytes += counting(from: 0xF0, Int.random(in: 1...20, using: &random))
    }
  }
  return bytes
}

/// Parses damaged samples: each must give a value that serializes to the same bytes, or throw a
/// `FormatError`. A trap ends the whole test run.
func expectRoundTripOrRefusal(
  _ sample: [UInt8], count: Int = 20_000, seed: UInt64 = 1, within hot: Range<Int>? = nil,
  _ roundTrip: ([UInt8]) throws(FormatError) -> [UInt8]
) {
  #expect(throws: Never.self) { try #expect(roundTrip(sample) == sample) }
  var random = SeededGenerator(seed: seed)
  for _ in 0..<count {
    let input = mutated(sample, &random, within: hot)
    do throws(FormatError) {
      let output = try roundTrip(input)
      guard output == input else {
        Issue.record("parsed, but serialized otherwise: \(Hex.encode(input))")
        return
      }
    } catch {
      guard error.offset >= 0, error.offset <= input.count, !error.summary.isEmpty else {
        Issue.record("no honest offset: \(error)")
        return
      }
    }
  }
}
