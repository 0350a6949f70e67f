import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

extension Integration {
  /// Unmodified virsh and virt-qemu-sev-validate against real libvirt with `cvm-qemu`: nothing of cvmctl takes part.
  @Suite("virsh and virt-qemu-sev-validate over cvm-qemu", .serialized) struct ValidatorConnectedTests {
    let libvirtd: PrivateLibvirtd
    let directory: ScratchDirectory
    let image: GuestImage

    init() throws {
      libvirtd = try PrivateLibvirtd.shared(.wrapper)
      directory = try ScratchDirectory()
      image = try GuestImage(in: directory)
    }

    /// Starts a guest of ours, paused, hands it to `body`, and removes it.
    private func withLaunch(
      policy: UInt32, vcpus: Int = 1, words: String = "", console: Console? = nil,
      _ body: (OwnSession) throws -> Void
    ) throws {
      let session = try OwnSession(policy: policy, libvirtd: libvirtd, in: directory)
      var document = GuestDocument(name: "owned", emulator: libvirtd.emulatorPath)
      document.firmware = .pflash(image.firmware)
      document.boot = image.boot(words)
      document.kernelHashes = true
      document.policy = policy
      document.vcpus = vcpus
      document.session = session.base64
      document.serial = console?.path
      try libvirtd.virsh.succeed("define", try directory.write(document.xml, to: "owned.xml"))
      defer {
        _ = try? libvirtd.virsh.run("destroy", "owned")
        _ = try? libvirtd.virsh.run("undefine", "owned")
      }
      try libvirtd.virsh.succeed("start", "owned", "--paused")
      try body(session)
    }

    private func validate(_ session: OwnSession, _ more: String...) throws -> Outcome {
      try Tool.validator.run(
        [
          "--connect", libvirtd.uri, "--domain", "owned", "--insecure", "--tik", session.tik, "--tek",
          session.tek,
        ]
          + more)
    }

    /// SEV-ES measures the registers of the guest's CPU model; the validator would take the host's.
    private func registers(_ vcpus: Int) throws -> [String] {
      let milan = try #require(CPUSignature(model: "EPYC-Milan"))
      let firmware = try FirmwareImage(parsing: try OwnLaunch.bytes(image.firmware))
      let reset = try #require(firmware.resetAddress)
      return try (0..<2).flatMap { index in
        let page = VMSA.page(
          vcpu: index, resetAddress: reset, signature: milan, generation: .initial, features: 0)
        return ["--vmsa-cpu\(index)", try directory.write(Data(page), to: "vmsa\(index).bin")]
      }
    }

    @Test func `nodesevinfo tells a platform`() throws {
      let facts = VirshTable(try libvirtd.virsh.succeed("nodesevinfo").stdout)
      #expect(try facts.bytes("pdh").count == SEVCertificate.size)
      #expect(try facts.bytes("cert-chain").count == 3 * SEVCertificate.size)
    }

    @Test(arguments: [UInt32(3), 7], [1, 4])
    func `the validator accepts the measurement, and refuses it under another TIK`(
      _ policy: UInt32, _ vcpus: Int
    ) throws {
      try withLaunch(policy: policy, vcpus: vcpus) { session in
        let more = policy & 4 == 0 ? [] : try registers(vcpus)
        var arguments = ["--connect", libvirtd.uri, "--domain", "owned", "--insecure", "--tek", session.tek]
        arguments += more
        let accepted = try Tool.validator.run(arguments + ["--tik", session.tik])
        #expect(accepted.status == 0, "\(accepted.stdout)\(accepted.stderr)")
        let other = try directory.write(Data(count: 16), to: "other.bin", mode: 0o600)
        #expect(try Tool.validator.run(arguments + ["--tik", other]).status == 1)
      }
    }

    @Test func `the validator's secret reaches the guest`() throws {
      let console = try directory.console("owned")
      let secret = "correct horse battery staple"
      let file = try directory.write(secret, to: "secret")
      try withLaunch(policy: 3, words: GuestImage.printSecret, console: console) { session in
        let outcome = try validate(session, "--inject-secret", "luks-key:\(file)")
        #expect(outcome.status == 0, "\(outcome.stdout)\(outcome.stderr)")
        #expect(console.shows(GuestImage.done, within: .seconds(90)), "\(console.text)")
        try expectSecret(secret, in: console)
      }
    }

    @Test func `our secret packet reaches the guest through virsh`() throws {
      let console = try directory.console("owned")
      let secret = "wrong donkey, flat fuel cell, paper clip"
      try withLaunch(policy: 3, words: GuestImage.printSecret, console: console) { session in
        let table = try SecretTable([
          .init(guid: SecretTable.luksKey, secret: SecretBytes(copying: Array(secret.utf8)))
        ])
        let facts = VirshTable(try libvirtd.virsh.succeed("domlaunchsecinfo", "owned").stdout)
        let measurement = try LaunchMeasurement(parsing: try facts.bytes("sev-measurement"))
        let packet = try SecretPacket.seal(
          table.plaintext(), keys: session.keys, measurement: measurement.hmac, iv: Random.bytes(16))
        let header = try directory.write(Base64.encode(packet.header), to: "header")
        let payload = try directory.write(Base64.encode(packet.ciphertext), to: "payload")
        try libvirtd.virsh.succeed(
          "domsetlaunchsecstate", "owned", "--secrethdr", header, "--secret", payload)
        try libvirtd.virsh.succeed("resume", "owned")
        #expect(console.shows(GuestImage.done, within: .seconds(90)), "\(console.text)")
        try expectSecret(secret, in: console)
      }
    }

    private func expectSecret(_ secret: String, in console: Console) throws {
      let page = try #require(console.secretPage.flatMap { Hex.decode($0) })
      let table = try SecretTable(parsing: SecretBytes(copying: Array(page.prefix(128))))
      #expect(table.entries.map { String(decoding: OwnLaunch.data($0.secret), as: UTF8.self) } == [secret])
    }

    @Test func `a packet for another launch is refused`() throws {
      try withLaunch(policy: 3) { session in
        let file = try directory.write("secret", to: "secret")
        let packet = try SecretPacket.seal(
          SecretTable([.init(guid: SecretTable.luksKey, secret: SecretBytes(copying: [1]))]).plaintext(),
          keys: session.keys, measurement: [UInt8](repeating: 7, count: 32), iv: Random.bytes(16))
        let header = try directory.write(Base64.encode(packet.header), to: "header")
        let payload = try directory.write(Base64.encode(packet.ciphertext), to: "payload")
        let refused = try libvirtd.virsh.run(
          "domsetlaunchsecstate", "owned", "--secrethdr", header, "--secret", payload)
        #expect(refused.status == 1)
        #expect(refused.stderr.contains("failed to inject secret"), "\(refused.stderr)")
        #expect(try validate(session, "--inject-secret", "luks-key:\(file)").status == 0)
      }
    }
  }
}
