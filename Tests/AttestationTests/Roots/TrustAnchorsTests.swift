import Attestation
import SEV
import Testing

@Suite struct TrustAnchorsTests {
  @Test func `ten keys are pinned, a root and a signing key for each product`() {
    #expect(AMDRoots.pins.count == 10)
    #expect(AMDRoots.pins.allSatisfy { $0.modulus.count == 32 })
    #expect(Set(AMDRoots.pins.map(\.modulus)).count == 10)
    for product in AMDProduct.allCases {
      let usages = AMDRoots.pins.filter { $0.product == product }.map(\.usage)
      #expect(usages == [.ark, .ask])
    }
  }

  @Test func `AMD alone is the default, simulations only by name`() throws {
    #expect(TrustAnchors.amd.pins == AMDRoots.pins && !TrustAnchors.amd.acceptsSimulated)
    #expect(TrustAnchors.simulated.pins.isEmpty && TrustAnchors.simulated.acceptsSimulated)
    let file = try TrustAnchors.rootFile([1, 2, 3])
    #expect(file.pins.isEmpty && !file.acceptsSimulated && file.rootFiles.count == 1)
    let all = TrustAnchors.amd.and(.simulated).and(file)
    #expect(all.pins.count == 10 && all.acceptsSimulated && all.rootFiles == file.rootFiles)
    #expect(all.and(.amd).pins.count == 10)
  }
}
