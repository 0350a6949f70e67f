import Bytes
import CVMCrypto
import SEV
import Testing

/// Digests of SEV-SNP. What a peer can judge is judged by it, in `SEVSNPMeasureTests`; here are worked pages, refusals, and what
/// belongs together.
@Suite struct SNPLaunchTests {
  private typealias B = SNPFirmwareBuilder

  private static func load(_ builder: SNPFirmwareBuilder) throws -> SNPLoad {
    try SNPLoad(firmware: SNPImage(parsing: builder.bytes))
  }

  private static func vcpus(_ count: Int, vmm: VMM = .qemu) throws -> MeasuredVCPUs {
    MeasuredVCPUs(
      count: count, signature: try #require(CPUSignature(model: "EPYC-v4")), generation: .init2, features: 1,
      vmm: vmm)
  }

  private static func kernel() throws -> KernelHashes {
    try KernelHashes(kernel: Array("kernel\n".utf8), initrd: nil, commandLine: nil)
  }

  private static func steps(
    _ builder: SNPFirmwareBuilder, vcpus count: Int = 1, vmm: VMM = .qemu, withKernel: Bool = false
  ) throws -> [MeasuredStep] {
    try SNPLaunch(
      load: load(builder), kernel: withKernel ? kernel() : nil, vcpus: vcpus(count, vmm: vmm)
    ).steps()
  }

  // SHA-384 of the first vCPU's page under EC2 and GCE, of which both ends are at hand; from sev-snp-measure.
  @Test(arguments: [(VMM.ec2, "d08442e8", "3c51f412"), (.gce, "f9e03177", "281e7fd2")])
  func `a provider's page has the expected hash`(_ vmm: VMM, _ first: String, _ last: String) throws {
    let pages = try SNPLaunch(load: Self.load(B()), vcpus: Self.vcpus(2, vmm: vmm)).vmsaPages()
    let digest = try SHA384.hash(pages[0])
    #expect(digest.starts(with: hex(first)) && Array(digest.suffix(4)) == hex(last))
    #expect(pages[0] != pages[1])
  }

  // Worked: one page of zeros where a 4 KiB firmware lies, behind no other page.
  @Test func `a page of zeros gives the worked digest`() throws {
    let zeros = try SNPImage(parsing: [UInt8](repeating: 0, count: 4096))
    #expect(
      try SNPLoad(firmware: zeros).steps.map(\.digest) == [
        hex(
          """
          46c510442a54cc32344cef32e14dc3d6312fc4a010780dd11fd33204df5550590356b069e6c6ca5bbfca71561f370399
          """)
      ])
  }

  @Test func `pages come in order: firmware, sections as the table has them, vCPUs`() throws {
    let steps = try Self.steps(B(), vcpus: 2)
    #expect(
      steps.map(\.content.name) == [
        "firmware", "sec-memory", "sec-memory", "secrets", "cpuid", "svsm-caa", "sec-memory", "kernel-hashes",
        "vmsa-0", "vmsa-1",
      ])
    #expect(
      steps.map(\.type) == [.normal, .zero, .zero, .secrets, .cpuid, .zero, .zero, .zero, .vmsa, .vmsa])
    #expect(steps[0].address == 0xFFFF_F000 && steps[9].address == 0xFFFF_FFFF_F000)
    #expect(Set(steps.map(\.digest)).count == steps.count)
  }

  @Test func `another order of the table is another digest`() throws {
    let swapped = B().changing { $0.sections.swapAt(5, 6) }
    #expect(try Self.steps(swapped).last?.digest != Self.steps(B()).last?.digest)
  }

  @Test func `EC2 loads the CPUID page last, GCE does not measure memory`() throws {
    #expect(try Self.steps(B(), vmm: .ec2).dropLast().last?.content == .section(.cpuid))
    #expect(try Self.steps(B(), vmm: .gce)[1].type == .unmeasured)
  }

  @Test func `kernel hashes are a page of their own`() throws {
    let (without, with) = (try Self.steps(B()), try Self.steps(B(), withKernel: true))
    #expect(with[7].type == .normal && without[7].type == .zero)
    #expect(with[6].digest == without[6].digest && with[7].digest != without[7].digest)
  }

  @Test func `a precomputed digest takes the place of the firmware's pages`() throws {
    let whole = try Self.load(B())
    let digest = try #require(whole.steps.last?.digest)
    let given = try SNPLoad(firmware: SNPImage(parsing: B().bytes), precomputed: digest)
    let vcpus = try Self.vcpus(3)
    #expect(
      try SNPLaunch(load: given, vcpus: vcpus).steps().last?.digest
        == SNPLaunch(load: whole, vcpus: vcpus).steps().last?.digest)
    #expect(throws: MeasureError.digestSize(47)) {
      try SNPLoad(firmware: SNPImage(parsing: B().bytes), precomputed: Array(digest.dropLast()))
    }
  }

  @Test func `fewer vCPUs are a beginning of more`() throws {
    let (many, few) = (try Self.steps(B(), vcpus: 9), try Self.steps(B(), vcpus: 4))
    #expect(Array(many.prefix(few.count)) == few)
  }

  /// Images that no SEV-SNP launch can come from.
  private static var refusals:
    [(name: String, change: (inout B) -> Void, vcpus: Int, kernel: Bool, error: MeasureError)]
  {
    [
      ("no metadata", { $0.hasEntry = false }, 1, false, .noMetadata(tableOffset: 0x1000 - 32 - 92)),
      ("no table", { $0.table.hasFooter = false }, 1, false, .noFirmwareTable),
      (
        "metadata outside", { $0.entry = [0xFF, 0xFF, 0, 0] }, 1, false,
        .unusableMetadata(.outsideImage, offset: 0x1000 - 32 - 92 - 22)
      ),
      ("no hash section", { $0.sections.removeLast() }, 1, true, .noHashSection(metadataOffset: 0x100)),
      (
        "hash section of two pages", { $0.sections[6] = .init(base: 0x90_0000, size: 0x2000, type: 16) }, 1,
        true, .hashSectionSize(0x2000, offset: 0x110 + 72)
      ),
      (
        "hashes cross a page",
        { $0.table = $0.table.replacing(FirmwareBuilder.kernelHashArea, with: hex("510f810000040000")) }, 1,
        true,
        .hashesCrossPage(base: 0x81_0F51)
      ),
      (
        "no hash area", { $0.table = $0.table.replacing(FirmwareBuilder.kernelHashArea, with: nil) }, 1, true,
        .noHashArea
      ),
      (
        "hash area (0, 0)",
        {
          $0.table = $0.table.replacing(FirmwareBuilder.kernelHashArea, with: [UInt8](repeating: 0, count: 8))
        },
        1, true, .unusableHashArea(.zeroAddress)
      ),
      (
        "no reset block", { $0.table = $0.table.replacing(FirmwareBuilder.resetBlock, with: nil) }, 1, false,
        .noResetBlock
      ),
      (
        "reset address 0", { $0.table = $0.table.replacing(FirmwareBuilder.resetBlock, with: [0, 0, 0, 0]) },
        2,
        false, .zeroResetAddress(vcpus: 2, offset: 0x1000 - 32 - 18 - 22)
      ),
      (
        "section in the firmware", { $0.sections[5] = .init(base: 0xFFFF_F000, size: 0x1000, type: 1) }, 1,
        false,
        .sectionInImage(offset: 0x110 + 60)
      ),
      ("half a page", { $0.table.imageSize = 4096 + 2048 }, 1, false, .imageSize(6144)),
      ("no vCPU", { _ in }, 0, false, .vcpuCount(0)), ("4097 vCPUs", { _ in }, 4097, false, .vcpuCount(4097)),
    ]
  }

  @Test(arguments: refusals.indices) func `refuses what cannot launch`(_ index: Int) throws {
    let refusal = Self.refusals[index]
    #expect(throws: refusal.error, "\(refusal.name)") {
      try Self.steps(B().changing(refusal.change), vcpus: refusal.vcpus, withKernel: refusal.kernel)
    }
  }

  @Test func `damaged metadata says where`() throws {
    let error = #expect(throws: MeasureError.self) { try Self.steps(B().changing { $0.version = 2 }) }
    guard case .malformedMetadata(let problem) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(problem.offset == 0x108)
  }

  @Test func `a reset address of 0 does for one vCPU, a hash area at a page's end for a kernel`() throws {
    let single = B().changing {
      $0.table = $0.table.replacing(FirmwareBuilder.resetBlock, with: [0, 0, 0, 0])
    }
    #expect(try Self.steps(single).count == 9)
    let edge = B().changing {
      $0.table = $0.table.replacing(FirmwareBuilder.kernelHashArea, with: hex("500f810000040000"))
    }
    #expect(try Self.steps(edge, withKernel: true).count == 9)
  }
}

@Suite struct SVSMLaunchTests {
  private typealias B = SNPFirmwareBuilder

  private static let firmware = Result { try SNPImage(parsing: exampleFirmware) }

  private static func svsm(_ change: (inout B) -> Void = { _ in }) throws -> SNPImage {
    var builder = B()
    builder.sections = [.init(base: 0, size: 0x9E000, type: 1), .init(base: 0x9E000, size: 0x1000, type: 2)]
    builder.svsmEntry = UInt32(0x40).littleEndianBytes
    change(&builder)
    return try SNPImage(parsing: builder.bytes)
  }

  private static func steps(_ svsm: SNPImage, variables: Int = 0x20000, kernel: KernelHashes? = nil) throws
    -> [MeasuredStep]
  {
    let load = try SNPLoad(firmware: firmware.get(), svsm: svsm, variables: variables)
    let vcpus = MeasuredVCPUs(count: 2, signature: CPUSignature(rawValue: 0xA00F11), generation: .init2)
    return try SNPLaunch(load: load, kernel: kernel, vcpus: vcpus).steps()
  }

  @Test func `lies below the firmware and its variables, and starts every vCPU alike`() throws {
    let steps = try Self.steps(Self.svsm())
    #expect(steps.map(\.content.name) == ["firmware", "svsm", "sec-memory", "secrets", "vmsa-0", "vmsa-1"])
    #expect(steps[1].address == 0xFFFF_F000 - 0x20000 - 0x1000)
    let load = try SNPLoad(firmware: Self.firmware.get(), svsm: Self.svsm(), variables: 0x20000)
    let vcpus = MeasuredVCPUs(count: 2, signature: CPUSignature(rawValue: 0xA00F11), generation: .init2)
    let pages = try SNPLaunch(load: load, vcpus: vcpus).vmsaPages()
    #expect(pages[0] == pages[1])
    #expect(Array(pages[0][0x178..<0x180]) == UInt64(0xFFFF_F000 - 0x21000 + 0x40).littleEndianBytes)
  }

  @Test func `refuses what does not say where it starts, or does not fit`() throws {
    #expect(throws: MeasureError.noSVSMEntry) { try Self.steps(Self.svsm { $0.svsmEntry = nil }) }
    #expect(throws: MeasureError.unusableSVSMEntry(.outsideImage)) {
      try Self.steps(Self.svsm { $0.svsmEntry = UInt32(0x1000).littleEndianBytes })
    }
    #expect(throws: MeasureError.variablesSize(100)) { try Self.steps(Self.svsm(), variables: 100) }
    #expect(throws: MeasureError.variablesSize(1 << 32)) { try Self.steps(Self.svsm(), variables: 1 << 32) }
    #expect(throws: MeasureError.imageSize(4096)) { try Self.steps(Self.svsm(), variables: 0xFFFF_F000) }
    #expect(throws: MeasureError.noMetadata(tableOffset: 0x1000 - 32 - 92 - 22)) {
      try Self.steps(Self.svsm { $0.hasEntry = false })
    }
    let kernel = try KernelHashes(kernel: [1], initrd: nil, commandLine: nil)
    #expect(throws: MeasureError.kernelWithSVSM) { try Self.steps(Self.svsm(), kernel: kernel) }
  }
}
