import CVMCrypto
import SEV
import SecureProcessor
import Testing

@Suite("Platform certificates") struct CertificateTests {
  private struct Chain {
    let pdh, pek, oca, cek: SEVCertificate

    init(_ processor: SecureProcessor) throws {
      let export = try processor.pdhCertificateExport()
      let chain = export.chain
      pdh = try SEVCertificate(parsing: export.pdh)
      pek = try SEVCertificate(parsing: Array(chain[0..<2084]))
      oca = try SEVCertificate(parsing: Array(chain[2084..<4168]))
      cek = try SEVCertificate(parsing: Array(chain[4168..<6252]))
    }
  }

  @Test func `every link of the chain verifies up to the simulated root`() throws {
    let processor = try Simulation.host()
    let chain = try Chain(processor)
    let ark = try CACertificate(parsing: processor.chip.ark)
    let ask = try CACertificate(parsing: processor.chip.ask)
    let cek = try SEVCertificate(parsing: processor.chip.signedCEK)
    #expect(try ark.isSigned(by: ark) && ask.isSigned(by: ark))
    try cek.checkSignature(by: ask.signer)
    try chain.oca.checkSignature(by: chain.oca.signer)
    try chain.pek.checkSignature(by: chain.oca.signer)
    try chain.pek.checkSignature(by: cek.signer)
    try chain.pdh.checkSignature(by: chain.pek.signer)
    #expect(chain.cek.body == cek.body)
  }

  @Test func `the exported CEK is unsigned, as on hardware`() throws {
    let chain = try Chain(Simulation.host())
    #expect(chain.cek.isUnsigned)
    #expect(throws: SignatureProblem.unsigned) { try chain.cek.checkSignature(by: chain.cek.signer) }
  }

  @Test func `each certificate is of its kind and carries the firmware's version`() throws {
    let chain = try Chain(Simulation.host())
    #expect([chain.pdh, chain.pek, chain.oca, chain.cek].map(\.usage) == [.pdh, .pek, .oca, .cek])
    #expect(chain.pdh.algorithm == .ecdhSHA256)
    #expect([chain.pek, chain.oca, chain.cek].allSatisfy { $0.algorithm == .ecdsaSHA256 })
    #expect(
      [chain.pdh, chain.pek, chain.oca, chain.cek].allSatisfy { ($0.apiMajor, $0.apiMinor) == (1, 55) })
  }

  @Test func `PEK_GEN replaces all three, PDH_GEN the last, the CEK never changes`() throws {
    var processor = try Simulation.host()
    let entropy = SystemEntropy()
    let first = try Chain(processor)
    try processor.pdhGenerate(entropy: entropy)
    let second = try Chain(processor)
    try processor.pekGenerate(entropy: entropy)
    let third = try Chain(processor)
    #expect(second.pdh.body != first.pdh.body && second.pek == first.pek && second.oca == first.oca)
    #expect(third.pdh.body != second.pdh.body && third.pek.body != second.pek.body && third.oca != second.oca)
    #expect(third.cek == first.cek)
    try second.pdh.checkSignature(by: second.pek.signer)
    try third.pdh.checkSignature(by: third.pek.signer)
  }

  @Test func `keys stay over SHUTDOWN and go with PLATFORM_RESET`() throws {
    var processor = try Simulation.host()
    let entropy = SystemEntropy()
    let before = try Chain(processor)
    processor.shutdown()
    #expect(throws: CommandFailure(.invalidPlatformState)) { try processor.pdhCertificateExport() }
    try processor.switchOn(entropy: entropy)
    #expect(try Chain(processor).pdh == before.pdh)
    processor.shutdown()
    try processor.platformReset()
    try processor.switchOn(entropy: entropy)
    let after = try Chain(processor)
    #expect(after.pdh.body != before.pdh.body && after.oca != before.oca && after.cek == before.cek)
  }

  @Test func `PLATFORM_STATUS tells what INIT made, and nothing in UNINIT`() throws {
    var processor = try Simulation.processor()
    #expect(processor.platformStatus().serialized() == [1, 55, 0, 0, 0, 0, 0, 21, 0, 0, 0, 0])
    try processor.switchOn(entropy: CountingEntropy())
    #expect(processor.platformStatus().serialized() == [1, 55, 1, 0, 1, 0, 0, 21, 0, 0, 0, 0])
    _ = try processor.launch(LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: CountingEntropy())
    #expect(processor.platformStatus().serialized() == [1, 55, 2, 0, 1, 0, 0, 21, 1, 0, 0, 0])
    processor.shutdown()
    #expect(processor.platformStatus().serialized() == [1, 55, 0, 0, 0, 0, 0, 21, 0, 0, 0, 0])
  }

  @Test func `short buffers are told what they need`() throws {
    let processor = try Simulation.host()
    #expect(throws: CommandFailure(.invalidLength, needed: [2084, 6252])) {
      try processor.pdhCertificateExport(pdhLength: 0, chainLength: 9999)
    }
    #expect(throws: CommandFailure(.invalidLength, needed: [2084])) { try processor.pekCSR(length: 2083) }
    #expect(throws: CommandFailure(.invalidLength, needed: [64])) { try processor.getID(length: 0) }
  }
}
