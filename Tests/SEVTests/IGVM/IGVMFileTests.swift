import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct IGVMFileTests {
  // Worked example of an IGVM file, recomputed independently: its bytes, and what its pages come to.
  @Test func `the worked file comes out of the builder`() throws {
    let file = exampleIGVM().file()
    #expect(file.count == 8520)
    #expect(file[0x14..<0x18].elementsEqual([0x80, 0x2A, 0x33, 0xBE]))
    let digest = try SHA256.hash(file)
    #expect(digest.starts(with: hex("c40a6c8e8348278e")) && digest.suffix(4).elementsEqual(hex("6fd3df9e")))
  }

  @Test func `the worked file has the worked digests`() throws {
    let file = try IGVMFile(parsing: exampleIGVM().file())
    var steps: [IGVMFile.Step] = []
    let digest = try file.launchDigest { steps.append($0) }
    #expect(
      digest
        == hex(
          "3653b5aee2c32d0a8459cee497a5aff06e0e5dfa33a75bf49e5c0f2c76b94121ae88a2c4c3f68152459f51896b4876dc"))
    #expect(steps.map(\.type) == [.normal, .zero, .secrets, .cpuid, .unmeasured, .vmsa])
    #expect(
      steps.dropLast().map { Hex.encode($0.digest.prefix(4)) }
        == ["3e7d3541", "a5ce2113", "1794fbab", "70f54994", "9a5819dc"])
    #expect(
      try file.launchDigest(emptyPages: .normal)
        == hex(
          "a7f26cfbbdfbc52d9a8331f94e8d7c87a136831837889a0a5bb4471deef35be84560d954de9c9b727f88755f93a9605d"))
    #expect(file.policy?.rawValue == 0x30000 && file.contexts.count == 1 && file.version == 1)
    #expect(file.lateInsert == 0x110)
  }

  @Test func `a file of version 2 has the same digest`() throws {
    var builder = exampleIGVM()
    builder.version = 2
    let file = try IGVMFile(parsing: builder.file())
    #expect(file.version == 2)
    #expect(try file.launchDigest() == IGVMFile(parsing: exampleIGVM().file()).launchDigest())
  }

  @Test func `pages that lie one after the other are one region, with the digest of each folded alone`()
    throws
  {
    let pages = (0..<4).map { [UInt8](repeating: UInt8($0), count: 4096) }
    var (builder, expected) = (IGVMBuilder(), SNPDigest())
    builder.platform()
    for (index, page) in pages.enumerated() {
      builder.page(0x4000 + 0x1000 * UInt64(index), page)
      try expected.update(.normal, gpa: 0x4000 + 0x1000 * UInt64(index), contents: SHA384.hash(page))
    }
    builder.context(exampleVMSA())
    try expected.update(.vmsa, gpa: SNPDigest.vmsaAddress, contents: SHA384.hash(exampleVMSA()))
    let file = try IGVMFile(parsing: builder.file())
    #expect(file.regions.count == 1 && file.regions.first?.pages == 4 && file.lateInsert == nil)
    #expect(try file.launchDigest() == expected.bytes)
  }

  @Test func `a page of 2 MiB is 512 folds, with and without data`() throws {
    for data in [nil, counting(from: 0, 512 * 4096)] as [[UInt8]?] {
      var (builder, expected) = (IGVMBuilder(), SNPDigest())
      builder.platform()
      builder.page(0x20_0000, data, flags: 1)
      builder.context(exampleVMSA())
      for page in 0..<512 {
        let gpa = 0x20_0000 + UInt64(page) * 4096
        if let data {
          let contents = try SHA384.hash(Array(data[page * 4096..<(page + 1) * 4096]))
          try expected.update(.normal, gpa: gpa, contents: contents)
        } else {
          try expected.update(.zero, gpa: gpa)
        }
      }
      try expected.update(.vmsa, gpa: SNPDigest.vmsaAddress, contents: SHA384.hash(exampleVMSA()))
      #expect(try IGVMFile(parsing: builder.file()).launchDigest() == expected.bytes)
    }
  }

  @Test func `what is shared, of another platform or not loaded is not measured`() throws {
    var (plain, builder) = (IGVMBuilder(), IGVMBuilder())
    for full in [false, true] {
      var next = IGVMBuilder()
      if full { next.platform(3, mask: 2) }
      next.platform()
      if full { next.policy(7, mask: 2) }
      next.page(0x1000, counting(from: 1, 4096))
      if full {
        next.page(0x2000, counting(from: 1, 4096), flags: 4)
        next.page(0x3000, counting(from: 1, 4096), mask: 2)
        next.header(0x8000_0399, [1, 2, 3])
        next.header(0x30D, UInt64(0x9000).littleEndianBytes + [1, 0, 0, 0] + UInt32(4096).littleEndianBytes)
        next.context([UInt8](repeating: 9, count: 8), gpa: 0, mask: 2)
      }
      next.page(0x4000, flags: 2)
      next.context(exampleVMSA())
      (plain, builder) = full ? (plain, next) : (next, builder)
    }
    let (one, other) = (try IGVMFile(parsing: plain.file()), try IGVMFile(parsing: builder.file()))
    #expect(try one.launchDigest() == other.launchDigest())
    #expect(other.policy == nil)
    #expect(one.regions.map(\.content) == [.data(plain.file().count - 8192), .unmeasured])
  }

  @Test func `each vCPU's register state is measured, by its number`() throws {
    var (builder, expected) = (IGVMBuilder(), SNPDigest())
    builder.platform()
    builder.page(0x1000)
    let states = (0..<3).map { [UInt8](repeating: UInt8($0), count: 4096) }
    for vcpu in [2, 0, 1] { builder.context(states[vcpu], vcpu: UInt16(vcpu)) }
    try expected.update(.zero, gpa: 0x1000)
    for state in states { try expected.update(.vmsa, gpa: 0xFFFF_FFFF_F000, contents: SHA384.hash(state)) }
    #expect(try IGVMFile(parsing: builder.file()).launchDigest() == expected.bytes)
  }

  @Test func `an area of several pages is measured whole`() throws {
    var (builder, expected) = (IGVMBuilder(), SNPDigest())
    builder.platform()
    builder.area(7, bytes: 3 * 4096)
    builder.insert(0x8000, area: 7)
    builder.context(exampleVMSA())
    try expected.update(.unmeasured, gpa: 0x8000, pages: 3)
    try expected.update(.vmsa, gpa: SNPDigest.vmsaAddress, contents: SHA384.hash(exampleVMSA()))
    let file = try IGVMFile(parsing: builder.file())
    #expect(try file.launchDigest() == expected.bytes)
    #expect(file.lateInsert == nil)
  }

  @Test func `the ID block comes out as it went in`() throws {
    for author in [nil, try scalar(from: 0x60)] {
      let block = try exampleIDBlock()
      let auth = try IDAuth.sign(block, idKey: scalar(from: 1), author: author)
      var builder = exampleIGVM()
      builder.idBlock(block, auth, version: 0)
      let file = try IGVMFile(parsing: builder.file())
      #expect(try file.idBlock?.block(policy: block.policy) == block)
      #expect(file.idBlock?.auth == auth)
    }
  }
}

@Suite struct IGVMRefusalTests {
  struct Wrong: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Of the header at fault within the file; nil where another place is at fault.
    let fault: Int?
    let file: [UInt8]

    init(_ name: String, fault: Int? = nil, _ build: (inout IGVMBuilder) -> Void) {
      testDescription = name
      self.fault = fault
      var builder = IGVMBuilder()
      build(&builder)
      file = builder.file()
    }

    /// A platform, and then something.
    static func after(_ name: String, _ build: (inout IGVMBuilder) -> Void) -> Wrong {
      var start = IGVMBuilder()
      start.platform()
      return Wrong(name, fault: 0x18 + start.nextHeader) {
        $0.platform()
        build(&$0)
        $0.context(exampleVMSA())
      }
    }
  }

  static let wrong: [Wrong] = [
    Wrong("no platform for SEV-SNP") {
      $0.platform(0)
      $0.page(0x1000)
    },
    Wrong("two bits in a mask") { $0.platform(2, mask: 3) },
    Wrong("SEV-SNP twice", fault: 0x30) {
      $0.platform()
      $0.platform(2, mask: 2)
    },
    Wrong("no register state") {
      $0.platform()
      $0.page(0x1000)
    },
    Wrong("a page after a register state") {
      $0.platform()
      $0.context(exampleVMSA())
      $0.page(0x1000)
    },
    Wrong("a vCPU twice") {
      $0.platform()
      $0.context(exampleVMSA())
      $0.context(exampleVMSA())
    },
    Wrong("a vCPU left out") {
      $0.platform()
      $0.context(exampleVMSA())
      $0.context(exampleVMSA(), vcpu: 2)
    },
    Wrong("a register state elsewhere") {
      $0.platform()
      $0.context(exampleVMSA(), gpa: 0x9000)
    },
    Wrong("a page twice") {
      $0.platform()
      $0.page(0x2000)
      $0.page(0x1000)
      $0.page(0x2000, type: 1)
      $0.context(exampleVMSA())
    },
    Wrong("a page within one of 2 MiB") {
      $0.platform()
      $0.page(0x3F_F000)
      $0.page(0x20_0000, flags: 1)
      $0.context(exampleVMSA())
    },
    Wrong("two policies") {
      $0.platform()
      $0.policy()
      $0.policy()
      $0.context(exampleVMSA())
    },
    Wrong("an area twice") {
      $0.platform()
      $0.area()
      $0.area()
      $0.context(exampleVMSA())
    },
    Wrong("an area inserted twice") {
      $0.platform()
      $0.area()
      $0.insert(0x1000)
      $0.insert(0x2000)
      $0.context(exampleVMSA())
    },
    Wrong("a parameter outside of its area") {
      $0.platform()
      $0.area()
      $0.parameter(offset: 4096)
      $0.context(exampleVMSA())
    },
    Wrong("initialisation after directives") {
      $0.platform()
      $0.page(0x1000)
      $0.policy()
      $0.context(exampleVMSA())
    },
    Wrong("more pages than anything needs") {
      $0.platform()
      for page in 0..<513 as Range<UInt64> { $0.page(0x20_0000 * page, flags: 1) }
      $0.context(exampleVMSA())
    },
    .after("an unknown directive") { $0.header(0x399, []) },
    .after("a header of no section") { $0.header(0x2FF, []) },
    .after("a measurement of another kind") { $0.header(0x311, [UInt8](repeating: 0, count: 8)) },
    .after("relocatable memory") { $0.header(0x102, [UInt8](repeating: 0, count: 48)) },
    .after("page tables to be relocated") { $0.header(0x103, [UInt8](repeating: 0, count: 32)) },
    .after("a directive of a wrong length") { $0.header(0x302, [UInt8](repeating: 0, count: 16)) },
    .after("a parameter without an area") { $0.parameter(area: 3) },
    .after("an insert without an area") { $0.insert(0x1000) },
    .after("an area of no pages") { $0.area(bytes: 0) },
    .after("an area of half a page") { $0.area(bytes: 2048) },
    .after("an area without end") { $0.area(bytes: 1 << 60) },
    .after("an address within a page") { $0.page(0x1800) },
    .after("an address behind the end") { $0.page(1 << 52) },
    .after("an address that wraps") { $0.page(0xFFFF_FFFF_FFFF_F000) },
    .after("a crooked page of 2 MiB") { $0.page(0x1000, flags: 1) },
    .after("secrets of 2 MiB") { $0.page(0x20_0000, flags: 1, type: 1) },
    .after("an unknown flag") { $0.page(0x1000, flags: 8) },
    .after("an unknown kind of page") { $0.page(0x1000, type: 4) },
    .after("data that ends too early") { $0.page(0x20_0000, [1, 2, 3], flags: 1) },
  ]

  @Test(arguments: wrong) func `is refused with the place`(_ wrong: Wrong) throws {
    let error = try #require(throws: FormatError.self) { try IGVMFile(parsing: wrong.file) }
    #expect(error.offset <= wrong.file.count)
    if let fault = wrong.fault { #expect((fault..<fault + 32).contains(error.offset), "\(error.summary)") }
  }

  @Test func `a wrong fixed header is refused with the place`() throws {
    let right = exampleIGVM().file()
    for (offset, value, place) in [
      (0, 0x4A, 0), (4, 3, 4), (8, 0x10, 8), (8, 0x1C, 8), (14, 1, 12), (16, 0, 16), (0x15, 0, 0x14),
      (0x24, 1, 0x14),
    ] as [(Int, UInt8, Int)] {
      var bytes = right
      bytes[offset] = value
      let error = try #require(throws: FormatError.self) { try IGVMFile(parsing: bytes) }
      #expect(error.offset == place, "\(error.summary)")
    }
    var second = exampleIGVM()
    second.version = 2
    for (offset, place) in [(0x18, 0x18), (0x1D, 0x1C)] {
      var bytes = second.file()
      bytes[offset] = 1
      let error = try #require(throws: FormatError.self) { try IGVMFile(parsing: IGVMBuilder.sealed(bytes)) }
      #expect(error.offset == place, "\(error.summary)")
    }
  }

  @Test func `every truncation is refused, with a right checksum too`() {
    let file = exampleIGVM().file()
    for count in 0..<file.count {
      let short = Array(file[..<count])
      #expect(throws: FormatError.self) { try IGVMFile(parsing: short) }
      guard count >= 0x18 else { continue }
      var sealed = short
      sealed.replaceSubrange(16..<20, with: UInt32(count).littleEndianBytes)
      #expect(throws: FormatError.self) { try IGVMFile(parsing: IGVMBuilder.sealed(sealed)) }
    }
  }

  @Test func `damaged files never trap, and give the digest of pages that are there`() throws {
    var builder = exampleIGVM()
    let block = try exampleIDBlock()
    builder.idBlock(block, try IDAuth.sign(block, idKey: scalar(from: 1), author: scalar(from: 0x60)))
    let sample = builder.file()
    var random = SeededGenerator(seed: 0x1607)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = mutated(sample, &random, within: 0..<0x400)
      if bytes.count >= 20 { bytes.replaceSubrange(16..<20, with: UInt32(bytes.count).littleEndianBytes) }
      let input = IGVMBuilder.sealed(bytes)
      do throws(FormatError) {
        let file = try IGVMFile(parsing: input)
        accepted += 1
        if accepted % 16 == 0 { #expect(throws: Never.self) { try file.launchDigest() } }
      } catch {
        #expect(error.offset >= 0 && error.offset <= input.count)
      }
    }
    #expect(accepted > 100)
  }
}
