import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

extension Integration {
  /// A guest owner's flow in pieces, with files that travel: each piece is cvmctl's, and libvirt's validator judges between.
  @Suite("a launch in pieces", .serialized) struct OwnerPiecesTests {
    struct Case: CustomTestStringConvertible {
      var kind: CommandHost.Kind
      var policy: UInt32
      var vcpus: Int

      var testDescription: String { "\(kind.rawValue), policy \(policy), \(vcpus) vCPUs" }

      static let all = [
        Case(kind: .simulated, policy: 3, vcpus: 1), Case(kind: .simulated, policy: 7, vcpus: 1),
        Case(kind: .simulated, policy: 7, vcpus: 4), Case(kind: .libvirt, policy: 3, vcpus: 1),
        Case(kind: .libvirt, policy: 7, vcpus: 4),
      ]
    }

    /// What the owner knows of the launch, out of `domlaunchsecinfo` and the session's files.
    private func knowledge(
      _ host: CommandHost, _ document: GuestDocument, session: String
    ) throws -> ValidatorArguments {
      let info = try host.cvmctl.succeed("-o", "json", "domlaunchsecinfo", "web1").object()
      let milan = try #require(CPUSignature(model: document.cpu))
      let policy = try #require(document.policy)
      return ValidatorArguments(
        measurement: try #require(info.string("measurement")),
        apiMajor: UInt8(try #require(info.number("apiMajor"))),
        apiMinor: UInt8(try #require(info.number("apiMinor"))),
        buildID: UInt8(try #require(info.number("buildId"))), policy: policy, firmware: host.image.firmware,
        boot: document.boot,
        vcpus: policy & 4 == 0 ? nil : (document.vcpus, milan.family, milan.model, milan.stepping),
        tik: "\(session)_tik.bin", tek: "\(session)_tek.bin")
    }

    @Test(arguments: Case.all)
    func `is accepted by the validator and by ourselves, and refused under another TIK`(_ asked: Case) throws
    {
      let host = try CommandHost(asked.kind)
      let document = host.document("web1", policy: asked.policy, vcpus: asked.vcpus)
      try host.define(document)
      let session = host.directory.file("owner")
      try host.cvmctl.succeed(
        "session", "create", "--host", host.uri, "--policy", "\(asked.policy)", "--allow-simulated", "--out",
        session)
      try host.cvmctl.succeed("start", "web1", "--session", session, "--paused", "--allow-simulated")
      #expect(try host.cvmctl.succeed("domstate", "web1").stdout.contains("paused"))

      var known = try knowledge(host, document, session: session)
      let judged = try Tool.validator.run(known.list)
      #expect(judged.status == 0, "\(judged.stdout)\(judged.stderr)")
      let alone = Tool.cvmctl(nil, state: host.state)
      #expect(try alone.run(["launch", "verify"] + known.list).status == 0)

      known.tik = try host.directory.write(Data(count: 16), to: "other.bin", mode: 0o600)
      #expect(try Tool.validator.run(known.list).status == 1)
      #expect(try alone.run(["launch", "verify"] + known.list).status == 10)

      try host.cvmctl.succeed("resume", "web1")
      #expect(try host.record("web1").string("verdict") == "match")
    }

    @Test func `a secret built apart reaches the guest, once`() throws {
      let host = try CommandHost(.libvirt)
      let console = try host.directory.console("web1")
      var document = host.document("web1", policy: 3, words: GuestImage.printSecret)
      document.serial = console.path
      try host.define(document)
      let (session, packet) = (host.directory.file("owner"), host.directory.file("packet"))
      try host.cvmctl.succeed(
        "session", "create", "--host", host.uri, "--policy", "3", "--allow-simulated", "--out", session)
      try host.cvmctl.succeed("start", "web1", "--session", session, "--paused", "--allow-simulated")
      let known = try knowledge(host, document, session: session)
      let secret = "an owner's passphrase"
      let file = try host.directory.write(secret, to: "secret", mode: 0o600)
      try Tool.cvmctl(nil, state: host.state).succeed(
        "secret", "build", "--tik", known.tik, "--tek", known.tek, "--measurement", known.measurement,
        "--secret",
        "luks-key:\(file)", "--out", packet)
      try host.cvmctl.succeed("secret", "inject", "web1", "--packet", packet)
      #expect(try host.cvmctl.run("secret", "inject", "web1", "--packet", packet).status == 4)
      try host.cvmctl.succeed("resume", "web1")
      #expect(console.shows(GuestImage.done, within: .seconds(90)), "\(console.text)")
      let page = try #require(console.secretPage.flatMap { Hex.decode($0) })
      let table = try SecretTable(parsing: SecretBytes(copying: Array(page.prefix(128))))
      #expect(table.entries.map { String(decoding: OwnLaunch.data($0.secret), as: UTF8.self) } == [secret])
      #expect(try host.record("web1").number("secretsInjected") == 1)
    }

    @Test(arguments: CommandHost.Kind.allCases)
    func `a session for another platform starts nothing`(_ kind: CommandHost.Kind) throws {
      let host = try CommandHost(kind)
      try host.define(host.document("web1", policy: 3))
      let session = host.directory.file("owner")
      let elsewhere = Tool.cvmctl("sim:///", state: host.directory.file("elsewhere"))
      try elsewhere.succeed(
        "session", "create", "--host", "sim:///", "--policy", "3", "--allow-simulated", "--out", session)
      let refused = try host.cvmctl.run(
        "start", "web1", "--session", session, "--paused", "--allow-simulated")
      #expect(refused.status != 0, "\(refused)")
      #expect(try host.cvmctl.succeed("domstate", "web1").stdout.contains("shut off"))
      #expect(host.libvirtd?.guestProcesses().isEmpty != false)
    }
  }
}
