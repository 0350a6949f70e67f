import SEV
import Testing

@Suite struct SEVLaunchDigestTests {
  static func kernel() throws -> KernelHashes {
    try KernelHashes(kernel: exampleKernel, initrd: exampleInitrd, commandLine: exampleCommandLine)
  }

  static func vcpus(
    _ count: Int, _ model: String = "EPYC-Milan", _ generation: VMSAGeneration = .initial
  ) throws -> MeasuredVCPUs {
    MeasuredVCPUs(
      count: count, signature: try #require(CPUSignature(model: model)), generation: generation)
  }

  // Worked digests, agreed between two independent computations and the public tools.
  @Test func `plain SEV measures firmware and kernel hashes`() throws {
    let firmware = try MeasuredFirmware(parsing: exampleFirmware)
    #expect(
      try SEVLaunchDigest.compute(firmware: firmware)
        == hex("e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0"))
    #expect(
      try SEVLaunchDigest.compute(firmware: firmware, kernel: Self.kernel())
        == hex("7250cf4090109b498eeed9a6f7a50c4d7819a19b797b6efc568a0c6c0be3288c"))
    let alone = try KernelHashes(kernel: exampleKernel, initrd: nil, commandLine: nil)
    #expect(
      try SEVLaunchDigest.compute(firmware: firmware, kernel: alone)
        == hex("ae31376e409bc9154a9ce61eae0995d750fed32ca7883710651d79039171e06d"))
  }

  @Test(arguments: [
    (
      1, "EPYC-Milan", VMSAGeneration.initial, false,
      "80a7735f0ba719092a105c6c676f912b470980d352566f895adae3157ff4ffaf"
    ),
    (1, "EPYC-Milan", .init2, false, "ef641f163503f24de69f704debe1406e60337c9556e819cee3eb97387ccff8f8"),
    (4, "EPYC-Milan", .initial, false, "ccf5fad73fa3ca0dd778899b8c57e2972c6c2d85818c6d52316e2073540689ed"),
    (4, "EPYC-Milan", .init2, false, "856c73f2579e5beed59c89c36156d65b23ce7c8cbd7f1d4bb11b986c21005845"),
    (4, "EPYC-Milan", .initial, true, "da9c2136bf0cdcc01f74d9cc3df04db792e8aa0e1983eed11050cf7b62d72e28"),
    (4, "EPYC-Milan", .init2, true, "1f68fdd198746a78b5156e01b9b19a8a592dc6508fa67942cdebbad667e35046"),
    (4, "EPYC-v4", .initial, false, "1210c24e370e2bb05df696c091678b264c088fb0fecc5b4c4cc2ce91aefe62eb"),
    (4, "EPYC-v4", .init2, false, "2bd7496e9549b458585649a005c2db0425c5dc39a7b647e5d4c9ed1d5d7db12d"),
  ])
  func `SEV-ES measures each vCPU too`(
    _ count: Int, _ model: String, _ generation: VMSAGeneration, _ withKernel: Bool, _ digest: String
  ) throws {
    let computed = try SEVLaunchDigest.compute(
      firmware: MeasuredFirmware(parsing: exampleFirmware), kernel: withKernel ? Self.kernel() : nil,
      vcpus: Self.vcpus(count, model, generation))
    #expect(computed == hex(digest))
  }

  @Test(arguments: [0, -1, 4097, Int.max]) func `an impossible number of vCPUs is refused`(_ count: Int)
    throws
  {
    let firmware = try MeasuredFirmware(parsing: exampleFirmware)
    #expect(throws: MeasureError.vcpuCount(count)) {
      try SEVLaunchDigest.compute(firmware: firmware, vcpus: Self.vcpus(count))
    }
  }

  /// A damaged image, and whether plain SEV, SEV with a kernel, SEV-ES with one and with two vCPUs are
  /// computed.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let image: FirmwareBuilder
    let computes: [Bool]

    init(_ name: String, _ image: FirmwareBuilder, _ computes: String) {
      testDescription = name
      self.image = image
      self.computes = computes.map { $0 == "D" }
    }
  }

  private typealias B = FirmwareBuilder
  static let damages: [Damage] = {
    var noFooter = B()
    noFooter.hasFooter = false
    var shortTotal = B().totalling(18 + 26 + 26)
    shortTotal.entries = [shortTotal.entries[2], shortTotal.entries[0], shortTotal.entries[1]]
    let zero8 = [UInt8](repeating: 0, count: 8)
    return [
      Damage("none", B(), "DDDD"),
      Damage("no footer", noFooter, "DRRR"),
      Damage("no reset entry", B().replacing(B.resetBlock, with: nil), "DDRR"),
      Damage("reset entry of 2 bytes", B().replacing(B.resetBlock, with: [4, 0xB0]), "DDRR"),
      Damage("reset entry of 8 bytes", B().replacing(B.resetBlock, with: hex("04b0800000000000")), "DDRR"),
      Damage("reset address 0", B().replacing(B.resetBlock, with: [0, 0, 0, 0]), "DDRR"),
      Damage("reset left out by a short total", shortTotal, "DDRR"),
      Damage("everything left out by a short total", B().totalling(18), "DRRR"),
      Damage("no hash entry", B().replacing(B.kernelHashArea, with: nil), "DRDD"),
      Damage("hash area (0, 0)", B().replacing(B.kernelHashArea, with: zero8), "DRDD"),
      Damage("hash area at 0", B().replacing(B.kernelHashArea, with: hex("0000000000040000")), "DRDD"),
      Damage("hash entry of 4 bytes", B().replacing(B.kernelHashArea, with: hex("000c8100")), "DRDD"),
      Damage(
        "hash area of 175 bytes", B().replacing(B.kernelHashArea, with: hex("000c8100af000000")), "DRDD"),
      Damage(
        "hash area of 176 bytes", B().replacing(B.kernelHashArea, with: hex("000c8100b0000000")), "DDDD"),
    ]
  }()

  @Test(arguments: damages) func `a damage is refused only where its fact is needed`(_ damage: Damage) throws
  {
    let firmware = try MeasuredFirmware(parsing: damage.image.bytes)
    let kernel = try Self.kernel()
    let attempts = [
      Result { try SEVLaunchDigest.compute(firmware: firmware) },
      Result { try SEVLaunchDigest.compute(firmware: firmware, kernel: kernel) },
      Result { try SEVLaunchDigest.compute(firmware: firmware, vcpus: Self.vcpus(1)) },
      Result { try SEVLaunchDigest.compute(firmware: firmware, vcpus: Self.vcpus(2)) },
    ]
    #expect(attempts.map { (try? $0.get()) != nil } == damage.computes)
  }

  @Test func `the error names what is missing`() throws {
    func error(_ builder: FirmwareBuilder, kernel: Bool) throws -> MeasureError? {
      let firmware = try MeasuredFirmware(parsing: builder.bytes)
      let (hashes, vcpus) = (try Self.kernel(), try Self.vcpus(2))
      do throws(MeasureError) {
        _ = try SEVLaunchDigest.compute(
          firmware: firmware, kernel: kernel ? hashes : nil, vcpus: kernel ? nil : vcpus)
        return nil
      } catch { return error }
    }
    var noFooter = B()
    noFooter.hasFooter = false
    #expect(try error(noFooter, kernel: true) == .noFirmwareTable)
    #expect(try error(noFooter, kernel: false) == .noFirmwareTable)
    #expect(try error(B().replacing(B.kernelHashArea, with: nil), kernel: true) == .noHashArea)
    #expect(try error(B().replacing(B.resetBlock, with: nil), kernel: false) == .noResetBlock)
    #expect(
      try error(B().replacing(B.resetBlock, with: [0, 0, 0, 0]), kernel: false)
        == .unusableResetBlock(.zeroAddress))
    #expect(
      try error(B().replacing(B.kernelHashArea, with: hex("000c810000000000")), kernel: true)
        == .unusableHashArea(.areaTooSmall(needed: 176, found: 0)))
  }
}
