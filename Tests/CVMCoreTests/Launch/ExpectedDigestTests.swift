import Bytes
import CVMCore
import CVMCrypto
import SEV
import Testing

@Suite("the digest that is expected of a guest") struct ExpectedDigestTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  private func measure(_ lines: String..., references: ReferenceFiles = ReferenceFiles()) throws
    -> DigestPrediction
  {
    let file = try desk.scratch.write(desk.yaml(lines), to: "guest.yaml")
    return try desk.core.measure(source: DefinitionSource(file), references)
  }

  @Test func `needs no host and no record`() throws {
    let prediction = try measure("launch: {type: sev}")
    #expect(prediction.digest == Hex.encode(try SHA256.hash(exampleFirmware)) && desk.host.calls.isEmpty)
    #expect(prediction.vmsaGeneration == nil && prediction.cpuSignature == nil)
  }

  @Test func `is that of the launch itself`() throws {
    try desk.define("launch: {type: sev-es}", "vcpus: 2", "kernel: \(desk.scratch.file("kernel"))")
    let prediction = try desk.core.measure(guest: "web1", ReferenceFiles())
    #expect(try desk.start().launch?.expectedDigest == prediction.digest)
    #expect(
      prediction.cpuSignature == "0x00a00f11" && prediction.vmsaGeneration == "init" && prediction.vcpus == 2)
  }

  @Test func `depends on everything that is measured`() throws {
    let kernel = "kernel: \(desk.scratch.file("kernel"))"
    let initrd = "initrd: \(desk.scratch.file("secret"))"
    let other = try desk.scratch.write(Firmware.image(secret: nil), to: "other.fd")
    let es = "launch: {type: sev-es}"
    let digests = [
      try measure(es), try measure(es, "vcpus: 2"), try measure(es, "cpu: EPYC-Rome"),
      try measure(es, kernel),
      try measure(es, kernel, initrd), try measure(es, kernel, "cmdline: ro"),
      try measure(es, kernel, "cmdline: rw"),
      try measure(es, "firmware: \(other)"), try measure(es, references: ReferenceFiles(generation: .init2)),
      try measure(es, references: ReferenceFiles(guestFeatures: 0x20)), try measure("launch: {type: sev}"),
      try measure(
        es,
        references: ReferenceFiles(firmware: desk.scratch.write(Firmware.image(reset: 0x80C004), to: "r.fd"))),
    ].map(\.digest)
    #expect(Set(digests).count == digests.count)
  }

  @Test func `does not depend on what is not measured`() throws {
    let es = "launch: {type: sev-es}"
    let digests = [
      try measure(es), try measure(es, "name: web2"), try measure(es, "memory: 1GiB"),
      try measure(es, "labels: {a: b}"),
      try measure(es, "serial: none"), try measure("launch: {type: sev-es, policy: strict}"),
      try measure(es, "cpu: EPYC-Milan-v2"),
    ].map(\.digest)
    #expect(Set(digests).count == 1)
  }

  @Test func `is made of the owner's own copies where they are given`() throws {
    let own = try desk.scratch.write("own kernel", to: "own")
    let kernel = desk.scratch.file("kernel")
    let digest = try measure("launch: {type: sev}", "kernel: \(kernel)").digest
    #expect(
      try measure("launch: {type: sev}", "kernel: \(kernel)", references: ReferenceFiles(kernel: own)).digest
        != digest)
    #expect(
      try measure("launch: {type: sev}", "kernel: /nowhere", references: ReferenceFiles(kernel: kernel))
        .digest == digest)
    #expect(
      try measure(
        "launch: {type: sev}", "kernel: \(kernel)", "firmware: /nowhere",
        references: ReferenceFiles(firmware: desk.scratch.file("ex.fd"))
      ).digest == digest)
  }

  @Test func `is not guessed where something is missing`() throws {
    let kernel = "kernel: \(desk.scratch.file("kernel"))"
    func image(_ bytes: [UInt8]) throws -> String { "firmware: \(try desk.scratch.write(bytes, to: "f.fd"))" }
    for act in [
      { _ = try measure() },
      { _ = try measure("launch: {type: sev-snp}") },
      { _ = try measure("launch: {type: sev}", "firmware: /nowhere") },
      { _ = try measure("launch: {type: sev}", "kernel: /nowhere") },
      { _ = try measure("launch: {type: sev}", kernel, "initrd: /nowhere") },
      { _ = try measure("launch: {type: sev}", kernel, image(Firmware.image(hashes: nil))) },
      { _ = try measure("launch: {type: sev}", kernel, image(Firmware.image(hashes: (0x810C00, 16)))) },
      { _ = try measure("launch: {type: sev}", kernel, image(Array(repeating: 0, count: 4096))) },
      { _ = try measure("launch: {type: sev-es}", image(Firmware.image(reset: nil))) },
      { _ = try measure("launch: {type: sev-es}", "cpu: host-model") },
      { _ = try measure("launch: {type: sev-es}", "cpu: Nehalem") },
    ] as [() throws -> Void] {
      #expect(refusal(act) != nil)
    }
    let signature = CPUSignature(family: 25, model: 1, stepping: 1)
    #expect(
      try measure(
        "launch: {type: sev-es}", "cpu: host-model", references: ReferenceFiles(signature: signature)
      ).digest
        == measure("launch: {type: sev-es}").digest)
  }

  @Test func `asks the CPU of this machine only for a guest that runs on it`() throws {
    let remote = try Desk(uri: "qemu+ssh://elsewhere/system")
    let file = try remote.scratch.write(
      remote.yaml(["launch: {type: sev-es}", "cpu: host-passthrough"]), to: "guest.yaml")
    guard
      case .usage? = refusal({ _ = try remote.core.measure(source: DefinitionSource(file), ReferenceFiles()) }
      )
    else {
      Issue.record("this machine's CPU was taken for another's")
      return
    }
  }
}
