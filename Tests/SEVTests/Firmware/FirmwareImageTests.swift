import Bytes
import SEV
import Testing

@Suite struct FirmwareImageTests {
  @Test func `the example image tells its three facts`() throws {
    #expect(FirmwareBuilder().bytes == exampleFirmware)
    let image = try FirmwareImage(parsing: exampleFirmware)
    #expect(image.hasTable && image.entries.count == 3)
    #expect(image.resetAddress == 0x80B004)
    #expect(image.hashArea == FirmwareArea(base: 0x810C00, size: 0x400))
    #expect(image.secretArea == FirmwareArea(base: 0x80D000, size: 0x1000))
  }

  @Test(arguments: [0, 1, 4096, 70_000]) func `the end of an image tells what all of it does`(_ padding: Int)
    throws
  {
    let bytes = [UInt8](repeating: 0xDE, count: padding) + FirmwareImage.tailFiller + exampleFirmware
    let whole = try FirmwareImage(parsing: bytes)
    let tail = Array(bytes.suffix(FirmwareImage.tailSize))
    #expect(try FirmwareImage(tail: tail, size: bytes.count) == whole && whole.entries.count == 3)
    let damaged = FirmwareBuilder().sizing(FirmwareBuilder.kernelHashArea, 17).bytes
    let shifted = [UInt8](repeating: 0, count: padding) + damaged
    let errors = [shifted, Array(shifted.suffix(FirmwareImage.tailSize))].map { part in
      #expect(throws: FormatError.self) { try FirmwareImage(tail: part, size: shifted.count) }
    }
    #expect(errors[0] == errors[1])
  }

  @Test func `less than a table may need is no end of an image`() {
    let bytes = FirmwareImage.tailFiller + exampleFirmware
    #expect(throws: FormatError.self) {
      try FirmwareImage(tail: Array(bytes.suffix(FirmwareImage.tailSize - 1)), size: bytes.count)
    }
    #expect(throws: FormatError.self) { try FirmwareImage(tail: bytes, size: bytes.count - 1) }
  }

  @Test func `an image without footer has no table and no facts`() throws {
    var builder = FirmwareBuilder()
    builder.hasFooter = false
    let image = try FirmwareImage(parsing: builder.bytes)
    #expect(!image.hasTable && image.entries.isEmpty)
    #expect(image.reset == .absent && image.hashes == .absent && image.secrets == .absent)
  }

  @Test(arguments: [1, 17, 31, 32, 49]) func `a tiny image has no table`(_ size: Int) throws {
    #expect(try !FirmwareImage(parsing: [UInt8](repeating: 0xDE, count: size)).hasTable)
  }

  @Test func `an empty image is refused`() {
    #expect(throws: FormatError.self) { try FirmwareImage(parsing: []) }
  }

  @Test func `a table without entries is a table`() throws {
    var builder = FirmwareBuilder()
    builder.entries = []
    let image = try FirmwareImage(parsing: builder.bytes)
    #expect(image.hasTable && image.entries.isEmpty)
  }

  @Test(
    arguments: [
      ("total beyond the image", FirmwareBuilder().totalling(4096)),
      ("total below its own footer", FirmwareBuilder().totalling(17)),
      ("total 0", FirmwareBuilder().totalling(0)),
      ("entry length 0", FirmwareBuilder().sizing(FirmwareBuilder.resetBlock, 0)),
      ("entry length 17", FirmwareBuilder().sizing(FirmwareBuilder.kernelHashArea, 17)),
      ("entry beyond the table", FirmwareBuilder().sizing(FirmwareBuilder.launchSecretArea, 27)),
      ("entry of 65535 bytes", FirmwareBuilder().sizing(FirmwareBuilder.resetBlock, 0xFFFF)),
    ] as [(String, FirmwareBuilder)])
  func `a table that contradicts itself is refused`(_ name: String, _ builder: FirmwareBuilder) {
    #expect(throws: FormatError.self, "\(name)") { try FirmwareImage(parsing: builder.bytes) }
  }

  @Test func `a GUID that stands twice is refused, known or not`() {
    for guid in [FirmwareBuilder.resetBlock, counting(from: 0, 16)] {
      var builder = FirmwareBuilder()
      builder.entries += [(guid, [1, 2, 3, 4]), (guid, [1, 2, 3, 4])]
      #expect(throws: FormatError.self) { try FirmwareImage(parsing: builder.bytes) }
    }
  }

  @Test func `an unknown entry is skipped, a remnant below 18 bytes ends the walk`() throws {
    var builder = FirmwareBuilder()
    builder.entries.append((counting(from: 0, 16), counting(from: 0, 100)))
    #expect(try FirmwareImage(parsing: builder.bytes).resetAddress == 0x80B004)
    let short = FirmwareBuilder().totalling(18 + 22 + 26 + 17)
    let image = try FirmwareImage(parsing: short.bytes)
    #expect(image.resetAddress == 0x80B004 && image.hashArea != nil && image.secrets == .absent)
  }

  @Test func `facts that cannot be used are remembered with their reason`() throws {
    typealias B = FirmwareBuilder
    let zero = [UInt8](repeating: 0, count: 8)
    func image(_ guid: [UInt8], _ data: [UInt8]?) throws -> FirmwareImage {
      try FirmwareImage(parsing: B().replacing(guid, with: data).bytes)
    }
    #expect(try image(B.resetBlock, nil).reset == .absent)
    #expect(try image(B.resetBlock, [1, 2]).reset == .unusable(.wrongSize(expected: 4, found: 2)))
    #expect(try image(B.resetBlock, zero).reset == .unusable(.wrongSize(expected: 4, found: 8)))
    #expect(try image(B.resetBlock, [0, 0, 0, 0]).reset == .unusable(.zeroAddress))
    #expect(try image(B.kernelHashArea, [1, 0, 0, 0]).hashes == .unusable(.wrongSize(expected: 8, found: 4)))
    #expect(try image(B.kernelHashArea, zero).hashes == .unusable(.zeroAddress))
    #expect(
      try image(B.kernelHashArea, hex("000c8100 af000000")).hashes
        == .unusable(.areaTooSmall(needed: 176, found: 175)))
    #expect(try image(B.kernelHashArea, hex("00ffffff 01010000")).hashes == .unusable(.areaWraps))
    #expect(try image(B.kernelHashArea, hex("00ffffff 00010000")).hashArea != nil)
  }

  @Test func `a secret area of (0, 0) is kept, but not offered`() throws {
    let zero = [UInt8](repeating: 0, count: 8)
    let builder = FirmwareBuilder().replacing(FirmwareBuilder.launchSecretArea, with: zero)
    let image = try FirmwareImage(parsing: builder.bytes)
    #expect(image.secretArea == FirmwareArea(base: 0, size: 0))
    #expect(image.secretArea?.isOffered == false)
    #expect(FirmwareArea(base: 0x1000, size: 16).isOffered && !FirmwareArea(base: 0, size: 16).isOffered)
  }

  @Test func `a table of thousands of entries is read in one pass`() throws {
    var builder = FirmwareBuilder()
    builder.imageSize = 1 << 20
    builder.entries = (0..<3000).map { number in
      (UInt64(number).littleEndianBytes + [UInt8](repeating: 9, count: 8), [])
    }
    #expect(try FirmwareImage(parsing: builder.bytes).entries.count == 3000)
  }

  @Test func `damaged images never trap`() {
    let table = 0xF84..<0xFE0
    expectRoundTripOrRefusal(exampleFirmware, within: table) { bytes throws(FormatError) in
      _ = try FirmwareImage(parsing: bytes)
      return bytes
    }
    var random = SeededGenerator(seed: 2)
    let small = Array(exampleFirmware[0xF00...])
    for _ in 0..<20_000 {
      let bytes = mutated(small, &random)
      let image = try? FirmwareImage(parsing: bytes)
      if image?.entries.values.contains(where: { $0.upperBound > bytes.count }) == true {
        Issue.record("an entry reaches beyond the image: \(Hex.encode(bytes))")
        return
      }
    }
  }
}

extension FirmwareImage {
  /// As many bytes as the end of an image has at most.
  fileprivate static var tailFiller: [UInt8] { [UInt8](repeating: 0xDE, count: tailSize) }
}
