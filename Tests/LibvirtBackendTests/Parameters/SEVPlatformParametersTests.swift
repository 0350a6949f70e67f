import Bytes
import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("the SEV platform from libvirt's parameters") struct SEVPlatformParametersTests {
  static let pdh = [UInt8](repeating: 0xAB, count: 2084)
  static let chain = [UInt8](repeating: 0xCD, count: 6252)
  static let cpu0 = [UInt8](repeating: 0xEF, count: 64)

  /// A whole answer, with `changes` put over it.
  private func platform(_ changes: [String: TypedParameters.Value] = [:], without absent: [String] = [])
    throws(ParameterError)
    -> SEVPlatform
  {
    var values: [String: TypedParameters.Value] = [
      "pdh": .text(Base64.encode(Self.pdh)), "cert-chain": .text(Base64.encode(Self.chain)),
      "cpu0-id": .text(Base64.encode(Self.cpu0)), "cbitpos": .uint(51), "reduced-phys-bits": .uint(1),
      "max-guests": .uint(15), "max-es-guests": .uint(494), "newer-than-us": .other,
    ]
    for (name, value) in changes { values[name] = value }
    for name in absent { values[name] = nil }
    return try SEVPlatform(TypedParameters(values.map { ($0.key, $0.value) }))
  }

  @Test func `is read whole`() throws {
    #expect(
      try platform()
        == SEVPlatform(
          pdh: Self.pdh, certificateChain: Self.chain, cpu0ID: Self.cpu0, cbitPosition: 51,
          reducedPhysicalBits: 1, maxGuests: 15, maxESGuests: 494))
  }

  @Test func `does without a CPU id and limits`() throws {
    let found = try platform(without: ["cpu0-id", "max-guests", "max-es-guests"])
    #expect(found.cpu0ID == nil)
    #expect(found.maxGuests == 0)
    #expect(found.maxESGuests == 0)
  }

  @Test(arguments: ["pdh", "cert-chain", "cbitpos", "reduced-phys-bits"])
  func `is refused without what makes a platform`(_ name: String) {
    #expect(throws: ParameterError.missing(name)) { try platform(without: [name]) }
  }

  @Test(arguments: ["pdh", "cert-chain", "cpu0-id"])
  func `is refused with bytes that are not strict base64 of their size`(_ name: String) {
    #expect(throws: ParameterError.notBase64(name)) { try platform([name: .text("not base64!")]) }
    #expect(throws: ParameterError.notBase64(name)) { try platform([name: .uint(1)]) }
    #expect(throws: (any Error).self) { try platform([name: .text("")]) }
    #expect(throws: (any Error).self) { try platform([name: .text(Base64.encode(Self.pdh + [0]))]) }
    #expect(throws: (any Error).self) { try platform([name: .text(Base64.encode(Self.pdh) + "\n")]) }
  }
}
