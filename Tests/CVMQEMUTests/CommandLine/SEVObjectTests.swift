import SEV
import Testing

@testable import cvm_qemu

@Suite("sev-guest object") struct SEVObjectTests {
  private func find(_ object: String) throws -> SEVObject? {
    try SEVObject.find(in: QEMUArguments(texts: ["-object", object]))
  }

  @Test func `reads libvirt's JSON`() throws {
    let object = try #require(
      try find(
        #"{"qom-type":"sev-guest","id":"lsec0","cbitpos":51,"reduced-phys-bits":1,"policy":7,"dh-cert-file":"/d","session-file":"/s","kernel-hashes":true}"#
      ))
    #expect(object.id == "lsec0")
    #expect(object.cBitPosition == 51)
    #expect(object.reducedPhysBits == 1)
    #expect(object.policy == SEVPolicy(rawValue: 7))
    #expect(object.certificateFile == "/d")
    #expect(object.sessionFile == "/s")
    #expect(object.kernelHashes)
    #expect(object.generation == nil)
  }

  @Test func `reads the key=value form, with QEMU's defaults`() throws {
    let object = try #require(try find("sev-guest,id=s,cbitpos=0x33,reduced-phys-bits=1,legacy-vm-type=off"))
    #expect(object.cBitPosition == 51)
    #expect(object.policy == SEVPolicy(rawValue: 1))
    #expect(!object.kernelHashes)
    #expect(object.certificateFile == nil)
    #expect(object.generation == .init2)
  }

  @Test func `other objects are not its business`() throws {
    #expect(try find("memory-backend-ram,id=a,size=1M") == nil)
    #expect(try find("{broken") == nil)
  }

  @Test(
    arguments: [
      ("sev-snp-guest,id=s", .snp),
      (#"{"qom-type":"sev-snp-guest","id":"lsec0","policy":196608}"#, .snp),
      (#"{"qom-type":"sev-guest","id":"a","id":"b"}"#, .badObject),
      ("sev-guest,id=a,policy=4294967296", .badProperty("policy")),
      ("sev-guest,id=a,policy=-1", .badProperty("policy")),
      ("sev-guest,id=a,cbitpos=x", .badProperty("cbitpos")),
      ("sev-guest,id=a,kernel-hashes=perhaps", .badProperty("kernel-hashes")),
      ("sev-guest,cbitpos=51", .badProperty("id")),
      ("sev-guest,id=a,legacy-vm-type=x", .badProperty("legacy-vm-type")),
      ("sev-guest,id=a,debug-swap=on", .unknownProperty("debug-swap")),
      ("sev-guest,id=a,handle=3", .keySharing),
    ] as [(String, LaunchRefusal)])
  func `refuses what is not simulated or makes no sense`(_ object: String, _ refusal: LaunchRefusal) {
    #expect(throws: refusal) { try find(object) }
  }

  @Test func `refuses two objects`() {
    #expect(throws: LaunchRefusal.severalObjects) {
      try SEVObject.find(
        in: QEMUArguments(texts: ["-object", "sev-guest,id=a", "-object", "sev-guest,id=b"]))
    }
  }
}
