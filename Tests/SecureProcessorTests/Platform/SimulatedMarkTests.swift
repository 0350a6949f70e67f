import SEV
import SecureProcessor
import Testing

@Suite("Marks of simulation") struct SimulatedMarkTests {
  @Test func `everything that a simulated chip gives away says so`() throws {
    let processor = try Simulation.host()
    let export = try processor.pdhCertificateExport()
    #expect(SimulatedMark.isSimulated(chain: export.chain))
    #expect(SimulatedMark.isSimulated(chain: Array(export.chain.suffix(2084))))
    #expect(SimulatedMark.isSimulated(chipID: try processor.getID()))
    #expect(try processor.getID().count == 64)
    #expect(SimulatedMark.isSimulated(keyID: try CACertificate(parsing: processor.chip.ark).keyID))
    #expect(SimulatedMark.isSimulated(keyID: try CACertificate(parsing: processor.chip.ask).keyID))
  }

  @Test func `the marks are readable text`() throws {
    let processor = try Simulation.host()
    let chain = try processor.pdhCertificateExport().chain
    #expect(String(decoding: chain, as: UTF8.self).contains("SIMULATED AMD-SP: not AMD hardware"))
    #expect(String(decoding: processor.chip.ark, as: UTF8.self).contains("SIMULATED-ARK-01"))
    #expect(String(decoding: processor.chip.ask, as: UTF8.self).contains("SIMULATED-ASK-01"))
    #expect(try String(decoding: processor.getID(), as: UTF8.self).hasPrefix("cvmctl SIMULATED AMD-SP"))
  }

  @Test func `nothing else is taken for simulated`() throws {
    let chain = try Simulation.host().pdhCertificateExport().chain
    var clean = chain
    clean.replaceSubrange((4168 + 0x41C)..<(4168 + 0x61C), with: [UInt8](repeating: 0, count: 0x200))
    #expect(!SimulatedMark.isSimulated(chain: clean))
    #expect(!SimulatedMark.isSimulated(chain: Array(chain.dropLast())))
    #expect(!SimulatedMark.isSimulated(chain: Array(chain.prefix(2084))))
    #expect(!SimulatedMark.isSimulated(chain: []))
    #expect(!SimulatedMark.isSimulated(chipID: []))
    #expect(!SimulatedMark.isSimulated(keyID: CACertificate.naplesRootID))
  }

  @Test func `the signed CEK carries AMD-like signature and no mark`() throws {
    let chip = try Simulation.host().chip
    #expect(!SimulatedMark.isSimulated(chain: chip.signedCEK))
  }
}
