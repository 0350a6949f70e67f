import Glibc
import SEV
import Testing

@testable import cvm_qemu

@Suite("An SEV guest's processes") struct GuestProcessTests {
  @Test func `QEMU's death ends the proxy and the AMD-SP's guest`() throws {
    let guest = try RunningGuest(Bench())
    let client = try guest.client()
    #expect(guest.bench.proxies.count == 1)
    #expect(try guest.bench.guests == 1)
    kill(guest.qemu, SIGKILL)
    #expect(client.rest().isEmpty)
    #expect(Waiting.until { guest.bench.proxies.isEmpty })
    #expect(try guest.bench.guests == 0)
    #expect(unsafe access(guest.bench.socket, F_OK) != 0)
  }

  @Test func `QEMU's death without a client ends the proxy too`() throws {
    let guest = try RunningGuest(Bench())
    _ = try guest.client()
    kill(guest.qemu, SIGKILL)
    #expect(Waiting.until { guest.bench.proxies.isEmpty })
  }

  @Test func `QEMU's last words reach the client`() throws {
    let guest = try RunningGuest(Bench())
    let client = try guest.client()
    try client.send(#"{"execute":"quit","id":1}"#)
    let words = client.rest()
    #expect(words.contains(#"{"return": {}, "id": 1}"#))
    #expect(words.contains { $0.contains(#""event": "SHUTDOWN""#) })
    #expect(guest.bench.end(of: guest.qemu) == 0)
    #expect(Waiting.until { guest.bench.proxies.isEmpty })
  }

  @Test func `the proxy's death is the end of the client's connection and of the AMD-SP's guest`() throws {
    let guest = try RunningGuest(Bench())
    let client = try guest.client()
    for proxy in guest.bench.proxies { kill(proxy, SIGKILL) }
    #expect(client.rest().isEmpty)
    #expect(try guest.bench.guests == 0)
  }

  @Test func `a client that comes again finds QEMU's greeting and the same measurement`() throws {
    let guest = try RunningGuest(Bench())
    var measurements: [LaunchMeasurement] = []
    for _ in 0..<3 { measurements.append(try guest.measurement(guest.client())) }
    #expect(measurements.allSatisfy { $0 == measurements[0] })
    #expect(try MonitorClient(guest.bench.socket, negotiates: false).line().hasPrefix(#"{"QMP": {"version""#))
  }

  @Test func `the process that was started is QEMU, and says what it does not know`() throws {
    let guest = try RunningGuest(Bench())
    _ = try guest.client()
    let arguments = Processes.arguments(of: guest.qemu)
    #expect(arguments.first == Bench.emulator)
    #expect(!arguments.contains { $0.contains("sev-guest") || $0.contains("confidential-guest-support") })
  }

  @Test func `a hostile client ends its own connection and nothing else`() throws {
    let guest = try RunningGuest(Bench())
    let client = try guest.client()
    #expect(try client.ask("{'execute':'cont'}").contains("JSON parse error"))
    #expect(try client.ask("\u{7F}garbage").contains("JSON parse error"))
    let flood = String(repeating: "[", count: 1 << 20)
    #expect(throws: MonitorClient.Ended.self) { for _ in 0..<80 { try client.send(flood) } }
    #expect(try guest.client().ask(#"{"execute":"query-sev"}"#).contains(#""state":"launch-secret""#))
  }

  @Test func `a client that leaves without its answers leaves none to the next`() throws {
    let guest = try RunningGuest(Bench())
    do {
      let deaf = try guest.client()
      var outbox = Outbox()
      for _ in 0..<5 { outbox.append(Array("{\"execute\":\"query-qmp-schema\"}\n".utf8)) }
      _ = outbox.flush(to: deaf.socket)
      _ = Poll.wait([.init(deaf.socket, events: Int16(POLLIN))], timeout: 20_000)
    }
    #expect(try guest.client().ask(#"{"execute":"query-status"}"#).contains("prelaunch"))
    kill(guest.qemu, SIGKILL)
    #expect(Waiting.until { guest.bench.proxies.isEmpty })
  }

  @Test func `descriptors reach QEMU`() throws {
    let guest = try RunningGuest(Bench())
    let client = try guest.client()
    let given = try Descriptor.memory("given", size: 0)
    #expect(try client.ask(#"{"execute":"getfd","arguments":{"fdname":"a"}}"#, [given]) == #"{"return": {}}"#)
    #expect(try client.ask(#"{"execute":"closefd","arguments":{"fdname":"a"}}"#) == #"{"return": {}}"#)
    #expect(
      try client.ask(#"{"execute":"getfd","arguments":{"fdname":"a"}}"#).contains(
        "No file descriptor supplied"))
  }

  @Test func `a QEMU that cannot be started leaves no proxy and no guest behind`() throws {
    let bench = try Bench(configuration: "")
    try bench.write(
      Array("emulator = /nonexistent\nplatform = \(bench.directory)/sp\n".utf8), "cvm-qemu.conf")
    try bench.write(TestFirmware.image(), "firmware")
    #expect(try bench.run(RunningGuest.arguments(bench, policy: 1)) == 1)
    #expect(bench.text("log").hasSuffix("exec /nonexistent: No such file or directory\n"))
    #expect(Waiting.until { bench.proxies.isEmpty })
    #expect(try bench.guests == 0)
  }

  @Test func `a launch whose starter is killed leaves nothing behind`() throws {
    for delay: UInt32 in [0, 2000, 10_000, 40_000] {
      let bench = try Bench()
      try bench.write(TestFirmware.image(), "firmware")
      let process = try bench.start(RunningGuest.arguments(bench, policy: 1))
      usleep(delay)
      kill(process, SIGKILL)
      _ = bench.end(of: process)
      #expect(Waiting.until { Processes.running { $0.contains(bench.guest) }.isEmpty })
      #expect(try bench.guests == 0)
    }
  }

  @Test func `a guest that does not wait runs with its launch finished`() throws {
    let bench = try Bench()
    try bench.write(TestFirmware.image(), "firmware")
    _ = try bench.start(RunningGuest.arguments(bench, policy: 1).filter { $0 != "-S" })
    let client = try MonitorClient(bench.socket)
    #expect(try client.ask(#"{"execute":"query-sev"}"#).contains(#""state":"running""#))
  }

  @Test func `an SEV-ES guest is not reset but shut down`() throws {
    let guest = try RunningGuest(Bench(), policy: 5, extra: ["-no-shutdown"])
    let client = try guest.client()
    _ = try client.ask(#"{"execute":"set-action","arguments":{"reboot":"reset"}}"#)
    _ = try client.ask(#"{"execute":"cont"}"#)
    try client.send(#"{"execute":"system_reset"}"#)
    #expect(try Waiting.until { try client.line().contains(#""event": "SHUTDOWN""#) })
  }
}
