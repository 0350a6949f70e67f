import CVMCrypto
import SEV
import SecureProcessor
import Testing

@Suite("PEK_CERT_IMPORT") struct OwnershipTests {
  let entropy = SystemEntropy()
  let ocaKey: P384.PrivateKey

  init() throws { ocaKey = try P384.PrivateKey() }

  private func oca(_ usage: CertificateUsage = .oca, signed: Bool = true) throws -> SEVCertificate {
    var oca = try SEVCertificate(usage: usage, algorithm: .ecdsaSHA256, publicKey: .p384(ocaKey.publicKey))
    if signed { try oca.sign(.first, as: usage, with: ocaKey) }
    return oca
  }

  private func signedCSR(_ processor: SecureProcessor) throws -> SEVCertificate {
    var pek = try SEVCertificate(parsing: processor.pekCSR())
    #expect(pek.isUnsigned)
    try pek.sign(.first, as: .oca, with: ocaKey)
    return pek
  }

  @Test func `an owner takes the platform over`() throws {
    var processor = try Simulation.host()
    let before = try processor.pdhCertificateExport()
    let oca = try oca()
    try processor.pekCertificateImport(
      pek: signedCSR(processor).serialized(), oca: oca.serialized(), entropy: entropy)
    #expect(processor.platformStatus().isExternallyOwned)
    let after = try processor.pdhCertificateExport()
    let pek = try SEVCertificate(parsing: Array(after.chain[0..<2084]))
    #expect(Array(after.chain[2084..<4168]) == oca.serialized())
    try pek.checkSignature(by: oca.signer)
    try pek.checkSignature(by: SEVCertificate(parsing: processor.chip.signedCEK).signer)
    #expect(before.pdh != after.pdh)
    try SEVCertificate(parsing: after.pdh).checkSignature(by: pek.signer)
  }

  @Test func `only once, until PLATFORM_RESET`() throws {
    var processor = try Simulation.host()
    let (pek, oca) = (try signedCSR(processor).serialized(), try oca().serialized())
    try processor.pekCertificateImport(pek: pek, oca: oca, entropy: entropy)
    #expect(throws: CommandFailure(.alreadyOwned)) {
      try processor.pekCertificateImport(pek: [], oca: [], entropy: entropy)
    }
    processor.shutdown()
    #expect(!processor.platformStatus().isExternallyOwned)
    try processor.platformReset()
    try processor.switchOn(entropy: entropy)
    #expect(!processor.platformStatus().isExternallyOwned)
  }

  @Test func `platform state, then lengths`() throws {
    var processor = try Simulation.processor()
    #expect(throws: CommandFailure(.invalidPlatformState)) {
      try processor.pekCertificateImport(pek: [], oca: [], entropy: entropy)
    }
    try processor.switchOn(entropy: entropy)
    let (pek, oca) = (try signedCSR(processor).serialized(), try oca().serialized())
    #expect(throws: CommandFailure(.invalidLength)) {
      try processor.pekCertificateImport(pek: pek.dropLast(), oca: oca, entropy: entropy)
    }
    #expect(throws: CommandFailure(.invalidLength)) {
      try processor.pekCertificateImport(pek: pek, oca: oca + [0], entropy: entropy)
    }
    _ = try processor.launchStart(LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: entropy)
    #expect(throws: CommandFailure(.invalidPlatformState)) {
      try processor.pekCertificateImport(pek: pek, oca: oca, entropy: entropy)
    }
  }

  enum Defect: String, CaseIterable {
    case unsignedOCA, wrongOCASignature, otherUsage, unsignedPEK, wrongPEKSignature, otherPEK, bothSlotsUsed

    var status: FirmwareStatus {
      switch self {
      case .wrongOCASignature, .wrongPEKSignature: .badSignature
      case .unsignedOCA, .otherUsage, .unsignedPEK, .otherPEK, .bothSlotsUsed: .invalidCertificate
      }
    }
  }

  @Test(arguments: Defect.allCases) func `what is wrong has its status`(_ defect: Defect) throws {
    var processor = try Simulation.host()
    var oca = try oca(defect == .otherUsage ? .pek : .oca, signed: defect != .unsignedOCA).serialized()
    var pek = try signedCSR(processor)
    switch defect {
    case .unsignedPEK: pek.place(.empty, in: .first)
    case .otherPEK:
      pek = try SEVCertificate(usage: .pek, algorithm: .ecdsaSHA256, publicKey: .p384(ocaKey.publicKey))
      try pek.sign(.first, as: .oca, with: ocaKey)
    case .bothSlotsUsed: try pek.sign(.second, as: .oca, with: ocaKey)
    case .wrongOCASignature: oca[0x41C] ^= 1
    default: break
    }
    var bytes = pek.serialized()
    if defect == .wrongPEKSignature { bytes[0x41C] ^= 1 }
    #expect(throws: CommandFailure(defect.status)) {
      try processor.pekCertificateImport(pek: bytes, oca: oca, entropy: entropy)
    }
    #expect(!processor.platformStatus().isExternallyOwned)
  }
}
