import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

extension Integration {
  /// libvirt's own validator against our arithmetic, no daemon between them.
  @Suite("virt-qemu-sev-validate, offline") struct ValidatorOfflineTests {
    let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    private func validate(_ arguments: ValidatorArguments, _ more: [String] = []) throws -> Outcome {
      try Tool.validator.run(arguments.list + more)
    }

    @Test(arguments: OwnLaunch.Shape.all)
    func `accepts the measurement that we predict`(_ shape: OwnLaunch.Shape) throws {
      let launch = try OwnLaunch(shape, in: directory)
      let outcome = try validate(launch.arguments)
      #expect(outcome.status == 0, "\(outcome.stdout)\(outcome.stderr)")
      #expect(outcome.stdout.contains("OK: Looks good to me"))
    }

    @Test func `refuses another TIK, policy, firmware, command line, vCPU count`() throws {
      let launch = try OwnLaunch(.init(policy: 7, withKernel: true, vcpus: 4), in: directory)
      let right = launch.arguments
      let changes: [(inout ValidatorArguments) throws -> Void] = [
        { $0.tik = try directory.write(Data(count: 16), to: "other-tik.bin", mode: 0o600) },
        { $0.policy = 5 },
        { $0.firmware = "/usr/share/OVMF/OVMF_CODE.fd" },
        { $0.boot?.commandLine += " " },
        { $0.vcpus?.count = 1 },
        { $0.buildID = 22 },
      ]
      for change in changes {
        var wrong = right
        try change(&wrong)
        let outcome = try validate(wrong)
        #expect(outcome.status == 1)
        #expect(outcome.stderr.contains("Measurement does not match"), "\(outcome.stderr)")
      }
    }

    // It knows the VMSA of KVM's first init alone.
    @Test func `refuses the VMSA generation that it does not know`() throws {
      let launch = try OwnLaunch(
        .init(policy: 7, withKernel: false, vcpus: 4, generation: .init2), in: directory)
      #expect(try validate(launch.arguments).status == 1)
    }

    @Test(arguments: [1, 8, 29, 3032])
    func `its secret packet opens with our keys`(_ size: Int) throws {
      let launch = try OwnLaunch(.init(policy: 3, withKernel: false, vcpus: 1), in: directory)
      let secret = Data(try Random.bytes(size))
      let file = try directory.write(secret, to: "secret")
      let (header, payload) = (directory.file("header.bin"), directory.file("payload.bin"))
      let outcome = try validate(
        launch.arguments,
        ["--inject-secret", "luks-key:\(file)", "--secret-header", header, "--secret-payload", payload])
      #expect(outcome.status == 0, "\(outcome.stderr)")

      let packet = try SecretPacket(
        header: try base64(in: header), payload: try base64(in: payload))
      let table = try SecretTable(
        parsing: try packet.open(keys: launch.keys, measurement: launch.measurement.hmac))
      #expect(table.entries.map(\.guid) == [SecretTable.luksKey])
      #expect(table.entries.map { OwnLaunch.data($0.secret) } == [secret])

      let other = try TransportKeys(tek: .random(16), tik: .random(16))
      #expect(throws: FirmwareStatus.badMeasurement) {
        try packet.open(keys: other, measurement: launch.measurement.hmac)
      }
    }

    private func base64(in file: String) throws -> [UInt8] {
      try #require(Base64.decode(String(decoding: try OwnLaunch.bytes(file), as: UTF8.self)))
    }
  }
}
