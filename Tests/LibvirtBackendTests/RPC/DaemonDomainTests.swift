import CVMCore
import Testing

@testable import LibvirtBackend

/// Procedures, arguments and results as libvirt 9.0's own client and daemon exchange them.
@Suite("a guest of a daemon") struct DaemonDomainTests {
  private let guest = xdr { remoteGuest("web1", id: 7, in: &$0) }

  private func domain(
    _ answers: [Procedure: FakeDaemon.Answer]
  ) throws -> (domain: any HostDomain, daemon: FakeDaemon) {
    let found = FakeDaemon.Answer.result(guest)
    let daemon = try FakeDaemon { call in
      Procedure(rawValue: call.procedure).flatMap { answers[$0] ?? ($0 == .domainLookupByName ? found : nil) }
    }
    let connection = try #require(try daemon.connect())
    let host = DaemonHost(connection: connection, uri: "u", deadline: .after(milliseconds: 5000))
    return (try host.domain(.name("web1")), daemon)
  }

  struct Case: Sendable {
    var procedure: Procedure
    var number: UInt32
    /// What follows the guest.
    var words: [UInt8]
    var act: @Sendable (any HostDomain) throws -> Void

    init(
      _ procedure: Procedure, _ number: UInt32, _ words: [UInt8],
      _ act: @escaping @Sendable (any HostDomain) throws -> Void
    ) {
      self.procedure = procedure
      self.number = number
      self.words = words
      self.act = act
    }
  }

  private static let acts = [
    Case(.domainReboot, 27, [0, 0, 0, 0]) { try $0.reboot() },
    Case(.domainResume, 28, []) { try $0.resume() },
    Case(.domainSuspend, 34, []) { try $0.suspend() },
    Case(.domainUndefineFlags, 231, [0, 0, 0, 4]) { try $0.undefine(flags: 4) },
    Case(.domainDestroyFlags, 234, [0, 0, 0, 0]) { try $0.destroy(graceful: false) },
    Case(.domainDestroyFlags, 234, [0, 0, 0, 1]) { try $0.destroy(graceful: true) },
    Case(.domainReset, 245, [0, 0, 0, 0]) { try $0.reset() },
    Case(.domainShutdownFlags, 258, [0, 0, 0, 0]) { try $0.shutdown() },
    Case(.domainSetLaunchSecurityState, 439, parameters(2)) {
      try $0.setLaunchSecret(header: "AAAA", secret: "BBBB", address: nil)
    },
    Case(.domainSetLaunchSecurityState, 439, parameters(3)) {
      try $0.setLaunchSecret(header: "AAAA", secret: "BBBB", address: 7)
    },
  ]

  private static func parameters(_ count: UInt32) -> [UInt8] {
    xdr {
      $0.unsigned(count)
      for (name, text) in [("sev-secret-header", "AAAA"), ("sev-secret", "BBBB")] {
        $0.string(name)
        $0.unsigned(7)
        $0.string(text)
      }
      if count == 3 {
        $0.string("sev-secret-set-address")
        for word in [4, 0, 7] as [UInt32] { $0.unsigned(word) }
      }
      $0.unsigned(0)
    }
  }

  @Test(arguments: acts) func `is changed by one call`(_ asked: Case) throws {
    let (domain, daemon) = try domain([asked.procedure: .result([])])
    try asked.act(domain)
    let sent = daemon.calls.filter { $0.procedure == asked.number }
    #expect(sent.map(\.arguments) == [guest + asked.words])
  }

  @Test(arguments: acts) func `is not changed for sure by an answer that says more`(_ asked: Case) throws {
    let (domain, daemon) = try domain([asked.procedure: .result([0, 0, 0, 0])])
    let error = #expect(throws: LibvirtError.self) { try asked.act(domain) }
    #expect(error?.kind == .notUnderstood)
    _ = daemon
  }

  @Test(arguments: acts) func `has the daemon's error`(_ asked: Case) throws {
    let (domain, daemon) = try domain([asked.procedure: .error(code: 55)])
    let error = #expect(throws: LibvirtError.self) { try asked.act(domain) }
    #expect(error?.code == 55 && error?.message == "why")
    _ = daemon
  }

  @Test(arguments: [(false, 0 as UInt8), (true, 1)])
  func `starts, and is another one then`(_ paused: Bool, _ flags: UInt8) throws {
    let (domain, daemon) = try domain([.domainCreateWithFlags: .result(guest)])
    try domain.start(paused: paused)
    #expect(daemon.calls.last?.procedure == 196 && daemon.calls.last?.arguments == guest + [0, 0, 0, flags])
    let (other, _) = try self.domain([.domainCreateWithFlags: .result([])])
    #expect(throws: LibvirtError.self) { try other.start(paused: paused) }
  }

  @Test func `tells of its launch`() throws {
    let told = xdr {
      $0.unsigned(2)
      $0.string("sev-measurement")
      $0.unsigned(7)
      $0.string("AAAA")
      $0.string("sev-policy")
      $0.unsigned(2)
      $0.unsigned(3)
    }
    let (domain, daemon) = try domain([.domainGetLaunchSecurityInfo: .result(told)])
    let parameters = try domain.launchSecurity()
    #expect(parameters.text("sev-measurement") == "AAAA" && parameters.uint("sev-policy") == 3)
    #expect(daemon.calls.last?.procedure == 396 && daemon.calls.last?.arguments == guest + [0, 0, 0, 4])
    let (plain, _) = try self.domain([.domainGetLaunchSecurityInfo: .result([0, 0, 0, 0])])
    #expect(try plain.launchSecurity().isEmpty)
  }

  @Test(arguments: [[0, 0, 0, 1], [0, 0, 0, 65], [255, 255, 255, 255], [0, 0, 0]] as [[UInt8]])
  func `tells of its launch in whole parameters, and not in many`(_ told: [UInt8]) throws {
    let padding = [UInt8](repeating: 0, count: told == [0, 0, 0, 65] ? 65 * 12 : 0)
    let (domain, daemon) = try domain([.domainGetLaunchSecurityInfo: .result(told + padding)])
    let error = #expect(throws: LibvirtError.self) { try domain.launchSecurity() }
    #expect(error?.kind == .notUnderstood)
    _ = daemon
  }

  @Test func `is waited for by a statistic that comes in its turn`() throws {
    for answer in [
      .result([0, 0, 0, 0]), .result([0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 1, 0, 0]), .error(code: 55),
      .error(code: 3),
    ] as [FakeDaemon.Answer] {
      let (domain, daemon) = try domain([.domainMemoryStats: answer])
      try domain.waitForOthers()
      #expect(daemon.calls.last?.procedure == 159)
      #expect(daemon.calls.last?.arguments == guest + [0, 0, 0, 1, 0, 0, 0, 0])
    }
    let (domain, _) = try domain([.domainMemoryStats: .error(code: 68)])
    #expect(throws: LibvirtError.self) { try domain.waitForOthers() }
  }

  // MARK: The host's

  private func host(
    _ procedure: Procedure, _ answer: FakeDaemon.Answer
  ) throws -> (host: DaemonHost, daemon: FakeDaemon) {
    let daemon = try FakeDaemon { $0.is(procedure) ? answer : nil }
    let connection = try #require(try daemon.connect())
    return (DaemonHost(connection: connection, uri: "u", deadline: .after(milliseconds: 5000)), daemon)
  }

  @Test func `is defined and launched from its document`() throws {
    for (procedure, number) in [(.domainDefineXMLFlags, 350), (.domainCreateXML, 10)] as [(Procedure, UInt32)]
    {
      let (host, daemon) = try host(procedure, .result(guest))
      let made = try procedure == .domainCreateXML ? host.startingPaused("<d/>") : host.defining("<d/>")
      #expect(try made.name() == "web1" && made.id == 7)
      let arguments = xdr {
        $0.string("<d/>")
        $0.unsigned(1)  // DEFINE_VALIDATE, START_PAUSED
      }
      #expect(daemon.calls.last?.procedure == number && daemon.calls.last?.arguments == arguments)
    }
  }

  @Test func `is not defined from what C would cut, or the daemon refuse to read`() throws {
    let (host, daemon) = try host(.domainDefineXMLFlags, .result(guest))
    for xml in ["<d/>\0", String(repeating: "x", count: (4 << 20) + 1)] {
      let error = #expect(throws: LibvirtError.self) { try host.defining(xml) }
      #expect(error?.kind == .argument)
    }
    #expect(!daemon.calls.contains { $0.is(.domainDefineXMLFlags) })
  }

  @Test func `has a platform`() throws {
    let told = xdr {
      $0.unsigned(1)
      $0.string("cbitpos")
      $0.unsigned(2)
      $0.unsigned(51)
      $0.unsigned(1)
    }
    let (host, daemon) = try host(.nodeGetSEVInfo, .result(told))
    #expect(try host.sevInfo().uint("cbitpos") == 51)
    #expect(daemon.calls.last?.procedure == 395)
    #expect(daemon.calls.last?.arguments == [0, 0, 0, 0, 0, 0, 0, 4])
  }

  @Test func `has a host with capabilities`() throws {
    let document = FakeDaemon.Answer.result(xdr { $0.string("<c/>") })
    let (host, daemon) = try host(.connectGetCapabilities, document)
    #expect(try host.capabilities() == "<c/>")
    #expect(daemon.calls.last?.procedure == 7 && daemon.calls.last?.arguments == [])
    let (other, asked) = try self.host(.connectGetDomainCapabilities, document)
    let query = DomainCapabilitiesQuery(architecture: "x86_64", virtType: "qemu")
    #expect(try other.domainCapabilities(query) == "<c/>")
    let arguments = xdr {
      for value in [nil, "x86_64", nil, "qemu"] {
        $0.unsigned(value == nil ? 0 : 1)
        if let value { $0.string(value) }
      }
      $0.unsigned(0)
    }
    #expect(asked.calls.last?.procedure == 342 && asked.calls.last?.arguments == arguments)
  }
}
