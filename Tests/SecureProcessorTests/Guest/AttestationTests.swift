import CVMCrypto
import SEV
import SecureProcessor
import Testing

@Suite("Attestation") struct AttestationTests {
  @Test func `the PEK signs digest and policy under the caller's nonce`() throws {
    var world = World(processor: try Simulation.host(), owner: try Owner())
    for step in Prefix.running.dropFirst(3) { _ = try world.run(step) }
    let report = try world.processor.attestation(1, nonce: Simulation.bytes(16))
    #expect(report.nonce == Simulation.bytes(16))
    #expect(report.policy == SEVPolicy(rawValue: 3))
    #expect(report.digest == (try SHA256.hash([UInt8](repeating: 0, count: 4096))))
    let pek = try SEVCertificate(parsing: world.processor.pekCSR())
    guard case .p384(let key) = pek.publicKey else { throw Simulation.NoChip() }
    let isGood = try key.verify(report.signature(), of: report.signedBytes, hash: .sha256)
    #expect(isGood)
  }
}
