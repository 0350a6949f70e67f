import SEV
import Testing

@Suite struct CPUSignatureTests {
  @Test(
    arguments: [
      ("EPYC", 0x0080_0F12), ("EPYC-v1", 0x0080_0F12), ("EPYC-v2", 0x0080_0F12), ("EPYC-v3", 0x0080_0F12),
      ("EPYC-v4", 0x0080_0F12), ("EPYC-IBPB", 0x0080_0F12), ("EPYC-Rome", 0x0083_0F10),
      ("EPYC-Rome-v3", 0x0083_0F10), ("EPYC-Milan", 0x00A0_0F11), ("EPYC-Milan-v2", 0x00A0_0F11),
      ("EPYC-Genoa", 0x00A1_0F10), ("EPYC-Genoa-v1", 0x00A1_0F10), ("EPYC-Turin", 0x00B0_0F00),
    ] as [(String, UInt32)])
  func `QEMU's names have their signature`(_ name: String, _ value: UInt32) {
    #expect(CPUSignature(model: name)?.rawValue == value)
    #expect(CPUSignature.modelNames.contains(name))
  }

  @Test(arguments: [
    "", "epyc", "EPYC-v5", "EPYC-Rome-v4", "EPYC-Milan-v3", "EPYC-Genoa-v2", "qemu64", "host",
  ])
  func `other names have none`(_ name: String) { #expect(CPUSignature(model: name) == nil) }

  @Test func `family, model and stepping go in and come out`() {
    for (family, model, stepping) in [
      (25, 1, 1), (23, 49, 0), (6, 15, 11), (15, 0, 0), (270, 255, 15), (0, 0, 0),
    ] {
      let signature = CPUSignature(family: family, model: model, stepping: stepping)
      #expect(signature?.family == family && signature?.model == model && signature?.stepping == stepping)
    }
    #expect(CPUSignature(family: 25, model: 1, stepping: 1)?.description == "0x00a00f11")
  }

  @Test(arguments: [(271, 0, 0), (-1, 0, 0), (25, 256, 0), (25, -1, 0), (25, 1, 16), (25, 1, -1)])
  func `numbers out of range make no signature`(_ numbers: (Int, Int, Int)) {
    #expect(CPUSignature(family: numbers.0, model: numbers.1, stepping: numbers.2) == nil)
  }
}
