import SEV
import Testing

@testable import cvm_qemu

@Suite("Interception") struct InterceptionTests {
  private let guest = FakeGuest()

  private func verdict(_ text: String, version: QEMUVersion? = nil, probe: Bool = false) throws
    -> Interception.Verdict
  {
    let command = try #require(MonitorCommand(Array(text.utf8)))
    return Interception(platform: guest, guest: probe ? nil : guest, version: version).verdict(command)
  }

  private func answer(_ text: String, version: QEMUVersion? = nil, probe: Bool = false) throws -> String? {
    guard case .answer(let bytes) = try verdict(text, version: version, probe: probe) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func failure(_ text: String, _ id: String = "") -> String {
    #"{"error":{"class":"GenericError","desc":"\#(text)"}\#(id)}"# + "\r\n"
  }

  @Test func `capabilities are answered, for a probe too, with the command's id`() throws {
    let reply =
      #"{"return":{"pdh":"AQI=","cert-chain":"Aw==","cpu0-id":"BA==","cbitpos":51,"reduced-phys-bits":1},"id":"libvirt-40"}"#
      + "\r\n"
    let command = #"{"execute":"query-sev-capabilities","id":"libvirt-40"}"#
    #expect(try answer(command) == reply)
    #expect(try answer(command, probe: true) == reply)
  }

  @Test(arguments: [
    "query-sev", "cont", "query-sev-launch-measure", "migrate", "query-migrate", "human-monitor-command",
  ])
  func `a probe's other commands are QEMU's`(_ name: String) throws {
    #expect(try verdict(#"{"execute":"\#(name)"}"#, probe: true) == .pass(.none))
    #expect(guest.acts.isEmpty)
  }

  @Test func `query-sev has QEMU 7.2's members, and says the kind from 9.1 on`() throws {
    let command = #"{"execute":"query-sev","id":{"a":[1]}}"#
    #expect(
      try answer(command, version: QEMUVersion(7, 2))
        == #"{"return":{"enabled":true,"api-major":1,"api-minor":55,"build-id":21,"state":"launch-secret","policy":3,"handle":1},"id":{"a":[1]}}"#
        + "\r\n")
    #expect(
      try answer(command, version: QEMUVersion(10, 0))
        == #"{"return":{"enabled":true,"api-major":1,"api-minor":55,"build-id":21,"state":"launch-secret","sev-type":"sev","policy":3,"handle":1},"id":{"a":[1]}}"#
        + "\r\n")
  }

  @Test func `the measurement is 64 characters`() throws {
    #expect(
      try answer(#"{"execute":"query-sev-launch-measure"}"#)
        == #"{"return":{"data":"\#(String(repeating: "A", count: 64))"}}"# + "\r\n")
  }

  @Test func `a secret is decoded leniently and injected`() throws {
    let command =
      #"{"execute":"sev-inject-launch-secret","arguments":{"packet-header":"AQ\nI=","secret":"Aw==","gpa":8454144}}"#
    #expect(try answer(command) == "{\"return\":{}}\r\n")
    _ = try answer(
      #"{"execute":"sev-inject-launch-secret","arguments":{"packet-header":"AQI=","secret":"Aw=="}}"#)
    #expect(guest.acts == ["inject [1, 2] [3] 8454144", "inject [1, 2] [3] -"])
  }

  @Test(arguments: [
    (#"{"secret":"Aw=="}"#, "Parameter 'packet-header' is missing"),
    (#"{"packet-header":"AQ=="}"#, "Parameter 'secret' is missing"),
    (#"{"packet-header":1,"secret":"AQ=="}"#, "Invalid parameter type for 'packet-header', expected: string"),
    (
      #"{"packet-header":"AQ==","secret":"AQ==","gpa":"1"}"#,
      "Invalid parameter type for 'gpa', expected: uint64"
    ),
    (
      #"{"packet-header":"AQ==","secret":"AQ==","gpa":-1}"#,
      "Invalid parameter type for 'gpa', expected: uint64"
    ),
    (#"{"packet-header":"AQ==","secret":"AQ==","x":1}"#, "Parameter 'x' is unexpected"),
  ]) func `wrong arguments are refused in QEMU's words`(_ arguments: String, _ text: String) throws {
    #expect(try answer(#"{"execute":"sev-inject-launch-secret","arguments":\#(arguments)}"#) == failure(text))
    #expect(guest.acts.isEmpty)
  }

  @Test func `a refused secret is told as QEMU does`() throws {
    guest.refusal = .injection(.badMeasurement)
    let command =
      #"{"execute":"sev-inject-launch-secret","arguments":{"packet-header":"AQI=","secret":"Aw=="},"id":7}"#
    #expect(
      try answer(command)
        == failure("SEV: failed to inject secret ret=-5 fw_error=11 'Bad measurement'", #","id":7"#))
  }

  @Test func `a report needs a nonce of 16 bytes`() throws {
    func command(_ nonce: String) -> String {
      #"{"execute":"query-sev-attestation-report","arguments":{"mnonce":"\#(nonce)"}}"#
    }
    #expect(
      try answer(command("AAAAAAAAAAAAAAAAAAAAAA==")) == #"{"return":{"data":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#
        + "\r\n")
    #expect(try answer(command("AAAA")) == failure("SEV: mnonce must be 16 bytes (got 3)"))
  }

  @Test func `cont finishes the launch before QEMU hears of it`() throws {
    #expect(try verdict(#"{"execute":"cont"}"#) == .pass(.none))
    #expect(guest.acts == ["finish"])
    guest.refusal = .finish(.invalidGuestState)
    #expect(
      try answer(#"{"execute":"cont"}"#)
        == failure("sev_launch_finish: LAUNCH_FINISH ret=-5 fw_error=2 'Guest state is invalid'"))
  }

  @Test func `an escaped name is the same name`() throws {
    #expect(try verdict(#"{"execute":"\u0063ont"}"#) == .pass(.none))
    #expect(guest.acts == ["finish"])
  }

  @Test(arguments: [
    "migrate", "migrate-incoming", "snapshot-save", "snapshot-load", "xen-save-devices-state",
  ])
  func `migration is refused`(_ name: String) throws {
    #expect(try answer(#"{"execute":"\#(name)"}"#) == failure("SEV: Migration is not implemented"))
  }

  @Test(arguments: ["dump-guest-memory", "memsave", "pmemsave"])
  func `the guest's memory is not given out`(_ name: String) throws {
    #expect(try answer(#"{"execute":"\#(name)"}"#)?.contains("not given out") == true)
  }

  @Test func `query-migrate is QEMU's, with a reason that blocks`() throws {
    #expect(try verdict(#"{"execute":"query-migrate"}"#) == .pass(.blockMigration))
  }

  @Test func `an SEV-ES guest keeps its action at reset`() throws {
    let command = #"{"execute":"set-action","arguments":{"reboot":"reset","panic":"none"},"id":1}"#
    #expect(try verdict(command) == .pass(.none))
    guest.isES = true
    #expect(
      try verdict(command)
        == .passInstead(
          Array(
            (#"{"execute":"set-action","arguments":{"reboot":"shutdown","panic":"none"},"id":1}"# + "\r\n")
              .utf8)))
    #expect(try verdict(#"{"execute":"set-action","arguments":{"panic":"none"}}"#) == .pass(.none))
  }

  @Test func `out-of-band execution is not negotiated`() throws {
    #expect(
      try answer(#"{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}"#)
        == failure("Capability oob not available"))
    #expect(try verdict(#"{"execute":"qmp_capabilities"}"#) == .pass(.none))
  }

  @Test(
    arguments: [
      ("info sev", .informSEV), ("  info\tsev ", .informSEV), ("info status", .other), ("c", .proceed),
      ("cont", .proceed),
      ("c/1", .proceed), ("continue", .other), ("migrate tcp:x", .migrate), ("savevm a", .migrate),
      ("x/10i 0", .readMemory),
      ("xp /4wx 0", .readMemory), ("pmemsave 0 1 f", .readMemory), ("", .other), ("/", .other),
      ("\u{a0}cont", .other),
    ] as [(String, HumanCommand)])
  func `the human monitor's commands are told by their names`(_ line: String, _ command: HumanCommand) {
    #expect(HumanCommand(line) == command)
  }

  @Test func `the human monitor shows the simulated AMD-SP`() throws {
    let command = #"{"execute":"human-monitor-command","arguments":{"command-line":"info sev"}}"#
    #expect(
      try answer(command)
        == #"{"return":"handle: 1\r\nstate: launch-secret\r\nbuild: 21\r\napi version: 1.55\r\ndebug: off\r\nkey-sharing: off\r\n"}"#
        + "\r\n")
    #expect(
      try answer(command, version: QEMUVersion(10, 0))
        == #"{"return":"SEV type: sev\r\nstate: launch-secret\r\nbuild: 21\r\napi version: 1.55\r\nhandle: 1\r\ndebug: off\r\nkey-sharing: off\r\n"}"#
        + "\r\n")
    #expect(
      try answer(#"{"execute":"human-monitor-command","arguments":{"command-line":"migrate tcp:a:1"}}"#)
        == #"{"return":"Error: SEV: Migration is not implemented\r\n"}"# + "\r\n")
    #expect(
      try verdict(#"{"execute":"human-monitor-command","arguments":{"command-line":"info status"}}"#)
        == .pass(.none))
    #expect(guest.acts.isEmpty)
    #expect(
      try verdict(#"{"execute":"human-monitor-command","arguments":{"command-line":"c"}}"#) == .pass(.none))
    #expect(guest.acts == ["finish"])
  }

  @Test(arguments: [
    #"{"execute":"stop"}"#, #"{"execute":1}"#, #"{"exec-oob":"cont"}"#, "{}", #"{"execute":"Cont"}"#,
  ])
  func `everything else is QEMU's`(_ text: String) throws {
    #expect(try verdict(text) == .pass(.none))
    #expect(guest.acts.isEmpty)
  }

  @Test(arguments: [
    (
      #"{"return": {}, "id": "libvirt-9"}"#,
      #"{"return":{"blocked-reasons":["SEV: Migration is not implemented"]},"id":"libvirt-9"}"#
    ),
    (
      #"{"return": {"blocked-reasons": ["x"], "status": "none"}}"#,
      #"{"return":{"blocked-reasons":["SEV: Migration is not implemented"],"status":"none"}}"#
    ),
    ("{broken}", #"{"return":{"blocked-reasons":["SEV: Migration is not implemented"]}}"#),
  ]) func `QEMU's migration status gets the reason`(_ reply: String, _ told: String) {
    #expect(String(decoding: BlockedMigration.told(in: Array(reply.utf8)), as: UTF8.self) == told + "\r\n")
  }

  @Test func `QEMU's error about migration stays one`() {
    let reply = Array((#"{"error": {"class": "GenericError", "desc": "x"}}"# + "\r\n").utf8)
    #expect(BlockedMigration.told(in: reply) == reply)
  }
}
