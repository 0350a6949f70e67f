import Glibc
import SecureProcessor
import Testing

@testable import cvm_qemu

@Suite("The program as an emulator") struct EmulatorProcessTests {
  @Test func `becomes QEMU for what is no business of the AMD-SP`() throws {
    let bench = try Bench(platform: false)
    #expect(try bench.run(["--version"]) == 0)
    #expect(bench.text("log").hasPrefix("QEMU emulator version"))
  }

  @Test func `says in one line that its configuration is missing`() throws {
    let bench = try Bench(platform: false, configuration: "")
    #expect(try bench.run(["--version"]) == 1)
    let log = bench.text("log")
    #expect(
      log.hasPrefix(
        "cvm-qemu (simulated AMD-SP): no configuration: looked for \(bench.directory)/cvm-qemu.conf"))
    #expect(log.split(separator: "\n").count == 1)
  }

  @Test func `says in one line what its configuration lacks`() throws {
    let bench = try Bench(platform: false, configuration: "emulator = /usr/bin/qemu-system-x86_64\n")
    #expect(try bench.run(["--version"]) == 1)
    #expect(bench.text("log").hasSuffix("cvm-qemu.conf: 'platform' is missing\n"))
  }

  @Test func `says in one line that there is no QEMU`() throws {
    let bench = try Bench(
      platform: false, configuration: "emulator = /nonexistent\nplatform = /nonexistent\n")
    #expect(try bench.run(["--version"]) == 1)
    #expect(
      bench.text("log") == "cvm-qemu (simulated AMD-SP): exec /nonexistent: No such file or directory\n")
  }

  private func probe(_ bench: Bench) -> [String] {
    [
      "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=tcg", "-qmp",
      "unix:\(bench.socket),server=on,wait=off", "-pidfile", "\(bench.directory)/pid", "-daemonize",
    ]
  }

  @Test func `answers a probe about the platform, and leaves nothing behind`() throws {
    let bench = try Bench()
    #expect(try bench.run(probe(bench)) == 0)
    // libvirt reads both as soon as the program has ended.
    let qemu = try #require(pid_t(bench.text("pid").filter(\.isNumber)))
    let client = try MonitorClient(bench.socket)
    let expected = try bench.platform.snapshot().pdhCertificateExport().pdh
    let reply = try client.ask(#"{"execute":"query-sev-capabilities","id":"libvirt-40"}"#)
    #expect(
      JSONObject(parsing: Array(reply.utf8))?.object("return")?.scalar("pdh").map {
        LenientBase64.decode($0.utf8)
      } == expected)
    #expect(reply.hasSuffix(#""cbitpos":51,"reduced-phys-bits":1},"id":"libvirt-40"}"#))
    #expect(try client.ask(#"{"execute":"query-sev"}"#).contains(#""enabled": false"#))
    #expect(try client.ask(#"{"execute":"query-qmp-schema"}"#).utf8.count > 100_000)
    kill(qemu, SIGTERM)
    #expect(client.rest().last?.contains("SHUTDOWN") == true)
    #expect(Waiting.until { unsafe access(bench.socket, F_OK) != 0 })
    #expect(Waiting.until { Processes.running { $0.contains { $0.contains(bench.directory) } }.isEmpty })
  }

  @Test func `a probe without a place for a platform fails with its reason`() throws {
    let missing = "/nonexistent/sp"
    let bench = try Bench(
      platform: false, configuration: "emulator = \(Bench.emulator)\nplatform = \(missing)\n")
    #expect(try bench.run(probe(bench)) == 1)
    let log = bench.text("log")
    #expect(log.hasPrefix("cvm-qemu (simulated AMD-SP): the simulated AMD-SP in \(missing) is not usable: "))
    #expect(log.split(separator: "\n").count == 1)
    #expect(bench.text("pid") == "")
  }

  @Test func `a probe of a damaged platform fails, and the platform is not made anew`() throws {
    let bench = try Bench()
    try bench.write([1], "sp/platform")
    #expect(try bench.run(probe(bench)) == 1)
    #expect(bench.text("log").contains("\(bench.directory)/sp/platform is damaged"))
    #expect(try ByteChannel.readFile("\(bench.directory)/sp/platform", limit: 100) == [1])
  }

  @Test func `an empty directory becomes a platform, the same at the next start`() throws {
    let bench = try Bench(platform: false)
    _ = unsafe mkdir("\(bench.directory)/sp", 0o700)
    try bench.write(TestFirmware.image(), "firmware")
    let refused = RunningGuest.arguments(bench, policy: 1).map {
      $0.hasPrefix("sev-guest") ? "sev-guest,id=s,cbitpos=47" : $0
    }
    #expect(try bench.run(refused) == 1)
    let first = try bench.platform.snapshot().getID()
    #expect(try bench.run(refused) == 1)
    #expect(try bench.platform.snapshot().getID() == first)
    #expect(bench.text("log").contains("cbitpos check failed, host '51' requested '47'"))
  }

  @Test func `the proxy is no program of its own`() throws {
    let bench = try Bench(platform: false)
    #expect(try bench.run(["--proxy", "(simulated AMD-SP)", "x"]) == 1)
  }
}
