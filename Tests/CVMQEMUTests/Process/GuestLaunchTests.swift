import Bytes
import CVMCrypto
import SEV
import SecureProcessor
import Testing

@testable import cvm_qemu

@Suite("An SEV guest's launch") struct GuestLaunchTests {
  @Test func `is measured with the owner's key over the firmware`() throws {
    let bench = try Bench()
    let owner = try Owner()
    try owner.prepare(bench, policy: 3)
    let guest = try RunningGuest(bench, policy: 3, object: session(bench))
    let measurement = try guest.measurement(guest.client())
    #expect(try owner.accepts(measurement, digest: SHA256.hash(TestFirmware.image()), policy: 3))
    #expect(try !owner.accepts(measurement, digest: SHA256.hash([0]), policy: 3))
  }

  @Test(arguments: [VMSAGeneration.initial, .init2])
  func `of SEV-ES is measured with a VMSA a vCPU`(_ generation: VMSAGeneration) throws {
    let bench = try Bench(configuration: "")
    let line =
      "emulator = \(Bench.emulator)\nplatform = \(bench.directory)/sp\ngeneration = \(generation.rawValue)\n"
    try bench.write(Array(line.utf8), "cvm-qemu.conf")
    let owner = try Owner()
    try owner.prepare(bench, policy: 7)
    let guest = try RunningGuest(bench, policy: 7, object: session(bench), extra: ["-smp", "3"])
    let signature = try #require(CPUSignature(model: "EPYC-Milan"))
    let digest = try SEVLaunchDigest.compute(
      firmware: MeasuredFirmware(parsing: TestFirmware.image()),
      vcpus: MeasuredVCPUs(count: 3, signature: signature, generation: generation))
    #expect(try owner.accepts(guest.measurement(guest.client()), digest: digest, policy: 7))
  }

  @Test func `with kernel hashes is measured with the table, which the guest finds in its memory`() throws {
    let bench = try Bench()
    let owner = try Owner()
    try owner.prepare(bench, policy: 3)
    let kernel = KernelImage.bzImage
    try bench.write(kernel, "kernel")
    try bench.write([1, 2, 3], "initrd")
    let guest = try RunningGuest(
      bench, policy: 3, object: session(bench) + ",kernel-hashes=on",
      extra: [
        "-kernel", "\(bench.directory)/kernel", "-initrd", "\(bench.directory)/initrd", "-append", "quiet",
      ])
    let hashes = try KernelHashes(kernel: kernel, initrd: [1, 2, 3], commandLine: "quiet")
    let digest = try SEVLaunchDigest.compute(
      firmware: MeasuredFirmware(parsing: TestFirmware.image()), kernel: hashes)
    #expect(try owner.accepts(guest.measurement(guest.client()), digest: digest, policy: 3))
    let version = try #require(try EmulatorVersion.ask(Bench.emulator))
    let seen =
      version < .unpatchedKernel
      ? try #require(BootProtocol.patched(kernel, initrd: 3, lowMemory: 64 << 20)) : kernel
    #expect(
      try guest.memory(at: 0x81_0C00, count: KernelHashes.size)
        == KernelHashes(kernel: seen, initrd: [1, 2, 3], commandLine: "quiet").table)
  }

  @Test func `lets the owner's secret into the guest's memory, once finished no more`() throws {
    let bench = try Bench()
    let owner = try Owner()
    try owner.prepare(bench, policy: 3)
    let guest = try RunningGuest(bench, policy: 3, object: session(bench))
    let client = try guest.client()
    let measurement = try guest.measurement(client)
    let secret = (0..<64).map { UInt8($0) }
    let packet = try SecretPacket.seal(
      SecretBytes(copying: secret), keys: owner.keys, measurement: measurement.hmac, iv: Random.bytes(16))
    let inject = Self.injection(packet, gpa: nil)
    #expect(try client.ask(inject) == #"{"return":{}}"#)
    #expect(try guest.memory(at: 0x81_0000, count: 64) == secret)
    #expect(try client.ask(Self.injection(packet, gpa: 0x2000)) == #"{"return":{}}"#)
    #expect(try guest.memory(at: 0x2000, count: 64) == secret)
    #expect(
      try client.ask(Self.injection(packet, gpa: 64 << 20)).contains(
        "SEV: Failed to calculate guest address: No memory is mapped at address 0x4000000"))
    #expect(try client.ask(Self.injection(packet, gpa: 0x2001)).contains("fw_error=9 'Invalid address'"))
    _ = try client.ask(#"{"execute":"cont"}"#)
    #expect(try client.ask(inject).contains("SEV: Not in correct state. (LSECRET) 3"))
  }

  @Test func `refuses a secret that is not the owner's, and writes nothing`() throws {
    let bench = try Bench()
    let owner = try Owner()
    try owner.prepare(bench, policy: 3)
    let guest = try RunningGuest(bench, policy: 3, object: session(bench))
    let client = try guest.client()
    let packet = try SecretPacket.seal(
      SecretBytes(copying: [UInt8](repeating: 7, count: 16)), keys: owner.keys,
      measurement: [UInt8](repeating: 0, count: 32), iv: Random.bytes(16))
    #expect(
      try client.ask(Self.injection(packet, gpa: nil)).contains(
        "SEV: failed to inject secret ret=-5 fw_error=11 'Bad measurement'"))
    #expect(try guest.memory(at: 0x81_0000, count: 16) == [UInt8](repeating: 0, count: 16))
    #expect(try client.ask(#"{"execute":"query-sev"}"#).contains("launch-secret"))
  }

  @Test func `gives a report that the PEK signed`() throws {
    let guest = try RunningGuest(Bench(), policy: 3)
    let nonce = Base64.encode([UInt8](repeating: 9, count: 16))
    let reply = try guest.client().ask(
      #"{"execute":"query-sev-attestation-report","arguments":{"mnonce":"\#(nonce)"}}"#)
    let text = JSONObject(parsing: Array(reply.utf8))?.object("return")?.scalar("data")
    let report = try SEVReport(parsing: try #require(text.flatMap(Base64.decode)))
    #expect(report.nonce == [UInt8](repeating: 9, count: 16))
    #expect(report.digest == (try SHA256.hash(TestFirmware.image())))
    let chain = try guest.bench.platform.snapshot().pdhCertificateExport().chain
    let pek = try SEVCertificate(parsing: Array(chain.prefix(SEVCertificate.size)))
    guard case .p384(let key) = pek.publicKey else {
      Issue.record("the PEK is no P-384 key")
      return
    }
    #expect(try key.verify(report.signature(), of: report.signedBytes, hash: .sha256))
  }

  @Test(arguments: [
    (5, ",dh-cert-file=godh,session-file=session", "LAUNCH_START ret=1 fw_error=11 'Bad measurement'"),
    (3, ",dh-cert-file=godh", "LAUNCH_START ret=1 fw_error=4 'Buffer too small'"),
    (3, ",dh-cert-file=session,session-file=session", "LAUNCH_START ret=1 fw_error=4 'Buffer too small'"),
    (3, ",dh-cert-file=godh,session-file=absent", "SEV: Failed to read '"),
  ]) func `fails with QEMU's words for a wrong session`(_ policy: UInt32, _ files: String, _ text: String)
    throws
  {
    let bench = try Bench()
    try Owner().prepare(bench, policy: 3)
    try bench.write(TestFirmware.image(), "firmware")
    let object = files.split(separator: "=", omittingEmptySubsequences: false).joined(
      separator: "=\(bench.directory)/")
    #expect(try bench.run(RunningGuest.arguments(bench, policy: policy, object: object)) == 1)
    #expect(bench.text("log").contains(text))
    #expect(bench.text("log").hasSuffix("sev_kvm_init: failed to create encryption context\n"))
    #expect(Waiting.until { bench.proxies.isEmpty })
    #expect(try bench.guests == 0)
  }

  @Test(
    arguments: [
      (
        TestFirmware.image(hashes: nil), 3,
        "SEV: kernel specified but guest firmware has no hashes table GUID"
      ),
      (
        TestFirmware.image(hashes: FirmwareArea(base: 0, size: 0)), 3,
        "SEV: guest firmware hashes table area is invalid (base=0x0 size=0x0)"
      ),
      (
        TestFirmware.image(hashes: FirmwareArea(base: 0x81_0C00, size: 0x10)), 3,
        "SEV: guest firmware hashes table area is invalid (base=0x810c00 size=0x10)"
      ),
      (
        TestFirmware.image(hashes: FirmwareArea(base: 0x800_0000, size: 0x400)), 3,
        "SEV: cannot map hashes table guest memory area"
      ),
      (
        TestFirmware.image(reset: nil), 7,
        "SEV information block/Firmware GUID Table block not found in pflash rom"
      ),
      (TestFirmware.image(reset: 0), 7, "SEV-ES reset address is zero"),
      (Array(TestFirmware.image().dropLast()), 3, "could not load PC BIOS"),
      ([], 3, "could not load PC BIOS"),
    ] as [([UInt8], UInt32, String)])
  func `fails for a firmware that cannot do it`(_ firmware: [UInt8], _ policy: UInt32, _ text: String) throws
  {
    let bench = try Bench()
    try bench.write(firmware, "firmware")
    try bench.write(KernelImage.bzImage, "kernel")
    let arguments = RunningGuest.arguments(
      bench, policy: policy, object: ",kernel-hashes=on", extra: ["-kernel", "\(bench.directory)/kernel"])
    #expect(try bench.run(arguments) == 1)
    #expect(bench.text("log").contains(text))
  }

  @Test func `fails where the host has no SEV-ES or another C-bit`() throws {
    let bench = try Bench(es: false)
    try bench.write(TestFirmware.image(), "firmware")
    #expect(try bench.run(RunningGuest.arguments(bench, policy: 5)) == 1)
    #expect(bench.text("log").contains("guest policy requires SEV-ES, but host SEV-ES support unavailable"))
    let other = RunningGuest.arguments(bench, policy: 1).map {
      $0.hasPrefix("sev-guest") ? "sev-guest,id=s,cbitpos=47" : $0
    }
    #expect(try bench.run(other) == 1)
    #expect(bench.text("log").contains("sev_kvm_init: cbitpos check failed, host '51' requested '47'"))
  }

  @Test func `refuses SEV-SNP`() throws {
    let bench = try Bench()
    #expect(
      try bench.run(["-object", "sev-snp-guest,id=s", "-machine", "q35,confidential-guest-support=s"]) == 1)
    #expect(bench.text("log").contains("SEV-SNP is not simulated"))
  }

  /// The properties that name what `Owner.prepare` wrote.
  private func session(_ bench: Bench) -> String {
    ",dh-cert-file=\(bench.directory)/godh,session-file=\(bench.directory)/session"
  }

  private static func injection(_ packet: SecretPacket, gpa: Int?) -> String {
    let address = gpa.map { ",\"gpa\":\($0)" } ?? ""
    return
      #"{"execute":"sev-inject-launch-secret","arguments":{"packet-header":"\#(Base64.encode(packet.header))","#
      + #""secret":"\#(Base64.encode(packet.ciphertext))"\#(address)}}"#
  }
}
