import CVMCrypto
import SEV
import Testing

@Suite struct VMSATests {
  // Worked pages: the `init` pages equal those of AMD's and libvirt's tools, the `init2` pages those of
  // sev-snp-measure.
  @Test(arguments: [
    ("EPYC", VMSAGeneration.initial, 0, "30a76bd1aa5adf81f02832d38c21e31b073cf0663dd2337455db2a3c210666af"),
    ("EPYC", .initial, 1, "3d1cd8f98c320cb09405dae226a8bd6e18d8bfc0b4babda508c10963a6f3df19"),
    ("EPYC", .init2, 0, "8295cef559b57130391d59605890ef93297720b48bef9a8c3c985b9c3fb0788c"),
    ("EPYC", .init2, 1, "7ff723da33f39dedbe8336bb697e0a2f76471690074d5902e1a8177cd5312c95"),
    ("EPYC-Milan", .initial, 0, "f8b52f775502472e5797d2674d9de21f6abc05dc05e9bc49cbb7b6a13688d5e7"),
    ("EPYC-Milan", .initial, 3, "bcee5cb289f72882da17abd8dca5e8a7e9f8e2033e7ad96b4db0ab1a383a6487"),
  ])
  func `a page has the expected hash`(
    _ model: String, _ generation: VMSAGeneration, _ vcpu: Int, _ digest: String
  ) throws {
    let signature = try #require(CPUSignature(model: model))
    let page = VMSA.page(
      vcpu: vcpu, resetAddress: 0x80B004, signature: signature, generation: generation, features: 0)
    #expect(page.count == 4096)
    #expect(try SHA256.hash(page) == hex(digest))
  }

  // The same worked pages, of which the first and last four bytes are at hand.
  @Test(arguments: [(0, "efcc96a6", "3c0b58db"), (1, "a14b28cf", "ba9f4f")])
  func `Milan's init2 pages have the expected hash`(_ vcpu: Int, _ first: String, _ last: String) throws {
    let signature = try #require(CPUSignature(model: "EPYC-Milan"))
    let digest = try SHA256.hash(
      VMSA.page(vcpu: vcpu, resetAddress: 0x80B004, signature: signature, generation: .init2))
    #expect(digest.starts(with: hex(first)) && digest.suffix(hex(last).count) == hex(last)[...])
  }

  // SEV-SNP's pages of QEMU, features 1, as sev-snp-measure has them.
  @Test(arguments: [
    (0, "77920c4c629ff47e90c0e174fc1ad0eb6fa664f88cd4739488058a8c6cb1a77b3856f55378e9518d0da99452d51c553a"),
    (1, "8413b852790765a310d95867a8b00bfca3a802b5a80830044b45e253fe96222657e11e53fcf63eb0e0afd722385bf7b4"),
  ])
  func `with features the page is SEV-SNP's`(_ vcpu: Int, _ digest: String) throws {
    let signature = try #require(CPUSignature(model: "EPYC-v4"))
    let page = VMSA.page(
      vcpu: vcpu, resetAddress: 0x80B004, signature: signature, generation: .init2, features: 1)
    #expect(try SHA384.hash(page) == hex(digest))
  }

  @Test func `a generation has one other`() {
    #expect(VMSAGeneration.initial.other == .init2 && VMSAGeneration.init2.other == .initial)
    #expect(VMSAGeneration(rawValue: "init") == .initial && VMSAGeneration(rawValue: "init2") == .init2)
  }
}
