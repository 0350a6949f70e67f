import Bytes
import CVMCore
import CVMCrypto
import Documents
import SEV
import StateStore
import Synchronization
import Testing

@Suite("a launch at an honest host") struct LauncherTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  @Test(arguments: ["sev", "sev-es"])
  func `runs a guest that was measured as predicted`(_ type: String) throws {
    try desk.define("launch: {type: \(type)}")
    desk.host.forgetCalls()
    let started = try desk.start()
    let record = try #require(started.launch)
    #expect(record.outcome == .running && record.verdict == .match && record.differences.isEmpty)
    #expect(record.measurement == record.expectedMeasurement && record.measurement?.count == 64)
    #expect(record.nonce?.count == 32 && record.apiVersion == "1.55" && record.buildId == 21)
    #expect(record.steps.map(\.outcome) == Array(repeating: .ok, count: 9))
    #expect(record.steps.map(\.name) == LaunchStep.allCases.filter { $0 != .secret })
    #expect(record.endedAt != nil && record.secretsInjected == 0)
    #expect(started.guest.state == "running" && desk.host.state == .running)
    #expect(
      desk.host.calls.filter { $0 != "sevPlatform" } == [
        "domainXML inactive", "startPaused", "domainXML live", "launchSecurity", "resume",
      ])
    #expect(try desk.record() == record, "what is kept is what was said")
    #expect(try desk.keepsKeys())
    #expect(desk.hasCleanDefinition())
  }

  @Test func `says what it did, step by step`() throws {
    try desk.define("launch: {type: sev}")
    let events = Mutex<[LaunchEvent]>([])
    _ = try desk.core.start(
      "web1", StartOptions(), progress: { event in events.withLock { $0.append(event) } })
    let texts = events.withLock { $0.map(\.text) }
    #expect(texts.count == 9)
    #expect(texts.first == "definition" && texts.contains("policy: 0x00000003"))
    #expect(texts.contains("appraisal: match") && texts.contains("session: simulated platform"))
  }

  @Test func `a firmware alone is measured as its own digest`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start()
    let digest = Hex.encode(try SHA256.hash(exampleFirmware))
    #expect(try desk.record().expectedDigest == digest && desk.record().firmwareDigest == digest)
  }

  @Test func `SEV-ES measures every vCPU, and plain SEV none`() throws {
    var digests: Set<String> = []
    for lines in [["vcpus: 1"], ["vcpus: 2"]] {
      for type in ["sev", "sev-es"] {
        let desk = try Desk()
        try desk.define(lines[0], "launch: {type: \(type)}")
        digests.insert(try #require(desk.start().launch?.expectedDigest))
      }
    }
    #expect(digests.count == 3)
  }

  @Test func `a kernel is measured with its command line`() throws {
    var digests: Set<String> = []
    for line in ["a", "b"] {
      let desk = try Desk()
      try desk.define("launch: {type: sev}", "kernel: \(desk.scratch.file("kernel"))", "cmdline: \(line)")
      let record = try #require(desk.start().launch)
      #expect(record.kernelHashes)
      digests.insert(try #require(record.expectedDigest))
      #expect(record.firmwareDigest != record.expectedDigest)
    }
    #expect(digests.count == 2)
  }

  @Test func `a guest that is to stay paused is not resumed`() throws {
    try desk.define("launch: {type: sev}")
    let record = try #require(desk.start(StartOptions(staysPaused: true)).launch)
    #expect(record.outcome == .paused && record.verdict == .match)
    #expect(!desk.host.calls.contains("resume") && desk.host.state == .paused)
    #expect(try desk.keepsKeys(), "a secret may still come")
  }

  @Test func `a secret is given once, before the guest runs`() throws {
    try desk.define("launch: {type: sev}")
    let record = try #require(desk.start(StartOptions(secrets: [desk.secret])).launch)
    #expect(record.secretsInjected == 1 && record.steps.map(\.name) == LaunchStep.allCases)
    #expect(desk.host.calls.filter { ["inject", "resume"].contains($0) } == ["inject", "resume"])
    let table = try #require(desk.host.secrets.first)
    #expect(desk.host.secrets.count == 1 && table.entries.map(\.guid) == [SecretTable.luksKey])
    #expect(table.entries[0].secret == SecretBytes(copying: Array("secret!!".utf8)))
  }

  @Test func `every launch has a session of its own`() throws {
    try desk.define("launch: {type: sev}")
    var sessions: Set<String> = []
    var certificates: Set<String> = []
    for _ in 0..<3 {
      _ = try desk.start()
      let security = try parsed(try #require(desk.host.live)).child("launchSecurity")
      sessions.insert(try #require(security?.child("session")?.text))
      certificates.insert(try #require(security?.child("dhCert")?.text))
      _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
      #expect(try desk.record().outcome == .destroyed)
      #expect(try !desk.keepsKeys(), "the launch is over")
    }
    #expect(sessions.count == 3 && certificates.count == 3)
    #expect(Set(try desk.core.launchHistory("web1", limit: 9).map(\.nonce)).count == 3)
  }

  @Test func `no document that is handed over holds a transport key`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start(StartOptions(secrets: [desk.secret]))
    let live = try #require(desk.host.live)
    #expect(!live.contains("secret!!") && !live.contains(Base64.encode(Array("secret!!".utf8))))
    #expect(try #require(Base64.decode(parsed(live).text(at: "launchSecurity/session") ?? "")).count == 128)
    #expect(try #require(Base64.decode(parsed(live).text(at: "launchSecurity/dhCert") ?? "")).count == 2084)
  }

  @Test func `is on record before anything is started`() throws {
    try desk.define("launch: {type: sev}")
    let desk = desk
    let seen = Mutex<[String]>([])
    desk.host.script.starting = { xml in
      let texts = (try? desk.record()).map { ["\($0.outcome)", "\($0.verdict)"] } ?? ["no record"]
      let keys = (try? desk.keepsKeys()) == true
      seen.withLock { $0 = texts + [keys ? "keys" : "no keys"] }
      return xml
    }
    _ = try desk.start()
    #expect(seen.withLock(\.self) == ["pending", "pending", "keys"])
  }

  @Test func `the audit log tells of its begin and its end`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start(StartOptions(secrets: [desk.secret]))
    let acts = try desk.audit()
    let launch = acts.drop { !$0.hasPrefix("launch.begin") }
    #expect(
      launch.filter { $0.hasPrefix("launch.") } == [
        "launch.begin done", "launch.secret done", "launch.end done",
      ])
  }

  @Test func `without a session nothing is proved, and it says so`() throws {
    try desk.define("launch: {type: sev}")
    let record = try #require(desk.start(StartOptions(allowsUnattestable: true)).launch)
    #expect(!record.attestable && record.verdict == .pending && record.expectedMeasurement == nil)
    #expect(record.outcome == .running && desk.host.live?.contains("<session") == false)
    #expect(try !desk.keepsKeys())
  }

  @Test func `without a session no secret is given`() throws {
    try desk.define("launch: {type: sev}")
    let problem = refusal {
      _ = try desk.start(StartOptions(allowsUnattestable: true, secrets: [desk.secret]))
    }
    guard case .policy(.unattestable(guest: "web1"))? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(!desk.host.calls.contains("startPaused"))
  }

  @Test func `a guest without launch security is started plainly and takes no secret`() throws {
    try desk.define()
    let started = try desk.start()
    #expect(started.launch == nil && desk.host.calls.contains("start"))
    #expect(!started.guest.confidential)
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    guard case .usage? = refusal({ _ = try desk.start(StartOptions(secrets: [desk.secret])) }) else {
      Issue.record("a plain guest took a secret")
      return
    }
  }

  @Test func `a guest that runs is not launched again`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start()
    desk.host.forgetCalls()
    guard case .conflict? = refusal({ _ = try desk.start() }) else {
      Issue.record("launched twice")
      return
    }
    #expect(desk.host.calls.isEmpty && desk.host.state == .running)
  }

  @Test func `a paused guest that was appraised is not thrown away`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start(StartOptions(staysPaused: true))
    guard case .conflict(_, let hint)? = refusal({ _ = try desk.start() }) else {
      Issue.record("launched twice")
      return
    }
    #expect(hint == "resume it, or destroy it first" && desk.host.state == .paused)
    #expect(try desk.core.perform(.resume(ownerAccepted: false), on: "web1").state == "running")
    #expect(try desk.record().outcome == .running)
  }

  @Test func `a read-only connection launches nothing`() throws {
    try desk.define("launch: {type: sev}")
    desk.host.forgetCalls()
    let problem = refusal {
      _ = try desk.core(readOnly: true).start("web1", StartOptions(), progress: { _ in })
    }
    guard case .backend(.permission)? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(desk.host.calls.isEmpty)
  }
}
