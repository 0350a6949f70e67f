import Bytes
import SEV
import Testing

@Suite struct SEVMetadataTests {
  private typealias B = SNPFirmwareBuilder

  private static func metadata(_ builder: SNPFirmwareBuilder) throws -> SEVMetadata {
    let image = builder.bytes
    let start = try #require(try FirmwareImage(parsing: image).metadata.value)
    return try SEVMetadata(parsing: image, at: start)
  }

  @Test func `sections keep the order of the table`() throws {
    let metadata = try Self.metadata(B())
    #expect(metadata.offset == 0x100)
    #expect(metadata.sections.map(\.kind.rawValue) == B.sections.map(\.type))
    #expect(metadata.sections.map(\.base) == B.sections.map(\.base))
    #expect(metadata.sections.map(\.offset) == (0..<7).map { 0x110 + 12 * $0 })
  }

  @Test func `may be larger than its sections, and stand right before the table or at the start`() throws {
    #expect(try Self.metadata(B().changing { $0.size = 200 }).sections.count == 7)
    #expect(try Self.metadata(B().changing { $0.place = 0 }).offset == 0)
    #expect(try Self.metadata(B().changing { $0.sections = [] }).sections.isEmpty)
  }

  /// What one change makes of it, and the offset at which it is refused.
  private static var refusals: [(name: String, change: (inout B) -> Void, offset: Int)] {
    [
      ("signature", { $0.signature = Array("ASEW".utf8) }, 0x100),
      ("size below the header", { $0.size = 15 }, 0x104),
      ("size beyond the image", { $0.size = 0x1000 - 0x100 + 1 }, 0x104),
      ("version 0", { $0.version = 0 }, 0x108), ("version 2", { $0.version = 2 }, 0x108),
      ("one section too many", { $0.count = 8 }, 0x10C), ("count wraps", { $0.count = .max }, 0x10C),
      ("type 0", { $0.sections[1].type = 0 }, 0x110 + 12 + 8),
      ("type 5", { $0.sections[1].type = 5 }, 0x110 + 12 + 8),
      ("type 0x11", { $0.sections[6].type = 0x11 }, 0x110 + 72 + 8),
      ("address within a page", { $0.sections[0].base = 0x80_0800 }, 0x110),
      ("no size", { $0.sections[0].size = 0 }, 0x114),
      ("half a page", { $0.sections[0].size = 0x8800 }, 0x114),
      (
        "two secrets pages",
        {
          $0.sections[2].size = 0x2000; $0.sections[3].base = 0x90_0000
        }, 0x110 + 24 + 4
      ),
      (
        "two CPUID pages",
        {
          $0.sections[3].size = 0x2000; $0.sections[4].base = 0x90_0000
        }, 0x110 + 36 + 4
      ),
      ("wraps", { $0.sections[5] = .init(base: 0xFFFF_F000, size: 0x2000, type: 1) }, 0x110 + 60 + 4),
      ("overlaps", { $0.sections[5].base = 0x80_8000 }, 0x110 + 60),
      ("the same page twice", { $0.sections[6].base = 0x80_D000 }, 0x110 + 72),
    ]
  }

  @Test(arguments: refusals.indices) func `a damage is refused with its offset`(_ index: Int) throws {
    let refusal = Self.refusals[index]
    let error = #expect(throws: FormatError.self, "\(refusal.name)") {
      try Self.metadata(B().changing(refusal.change))
    }
    #expect(error?.offset == refusal.offset, "\(refusal.name): \(String(describing: error))")
  }

  @Test func `a section may end at 4 GiB`() throws {
    let last = B.Section(base: 0xFFFF_F000, size: 0x1000, type: 1)
    #expect(
      try Self.metadata(B().changing { $0.sections[5] = last }).sections[5].pages.upperBound == 0xFFFF_FFFF)
  }

  @Test func `truncated at every byte is refused`() throws {
    let image = B().bytes
    for count in 0x100..<(0x110 + 12 * 7) {
      #expect(throws: FormatError.self) { try SEVMetadata(parsing: Array(image[..<count]), at: 0x100) }
    }
    #expect(throws: FormatError.self) { try SEVMetadata(parsing: image, at: image.count + 1) }
    #expect(throws: FormatError.self) { try SEVMetadata(parsing: image, at: -1) }
  }

  @Test func `an entry that points nowhere is unusable`() throws {
    func fact(_ entry: [UInt8]) throws -> TableFact<Int> {
      try FirmwareImage(parsing: B().changing { $0.entry = entry }.bytes).metadata
    }
    #expect(try fact(UInt32(0x1001).littleEndianBytes) == .unusable(.outsideImage))
    #expect(try fact(UInt32.max.littleEndianBytes) == .unusable(.outsideImage))
    #expect(try fact([0, 1]) == .unusable(.wrongSize(expected: 4, found: 2)))
    #expect(try FirmwareImage(parsing: B().changing { $0.hasEntry = false }.bytes).metadata == .absent)
  }

  @Test func `no mutation traps`() {
    var random = SeededGenerator(seed: 7)
    let sample = B().bytes
    for round in 0..<5000 {
      // The metadata and the table: what lies between is not read.
      let hot = round.isMultiple(of: 2) ? 0x100..<0x170 : sample.count - 200..<sample.count
      let image = mutated(sample, &random, within: hot)
      guard let facts = try? FirmwareImage(parsing: image), let start = facts.metadata.value else { continue }
      _ = try? SEVMetadata(parsing: image, at: start)
    }
  }
}
