import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("what a daemon answers") struct DaemonHostTests {
  private static let uuid = "77656231-0101-0101-0101-010101010101"

  private func host(
    _ answers: [Procedure: FakeDaemon.Answer]
  ) throws -> (host: DaemonHost, daemon: FakeDaemon) {
    let daemon = try FakeDaemon { call in Procedure(rawValue: call.procedure).flatMap { answers[$0] } }
    let connection = try #require(try daemon.connect())
    return (DaemonHost(connection: connection, uri: "u", deadline: .after(milliseconds: 5000)), daemon)
  }

  private let web1 = FakeDaemon.Answer.result(xdr { remoteGuest("web1", id: 7, in: &$0) })
  private let paused = FakeDaemon.Answer.result(
    xdr {
      $0.int(3)
      $0.int(1)
    })

  private func number(_ value: Int32) -> FakeDaemon.Answer { .result(xdr { $0.int(value) }) }

  @Test func `are guests with their states`() throws {
    let (host, daemon) = try host([.connectGetAllDomainStats: .result(twoGuests)])
    let states = try host.states(GuestFilter())
    #expect(states.map(\.name) == ["web1", "db"] && states.map(\.id) == [7, nil])
    #expect(states.map(\.state) == [.paused, .shutOff] && states.map(\.reason) == ["user", "destroyed"])
    #expect(states[0].uuid.rawValue == Self.uuid)
    _ = daemon
  }

  /// No guests named, statistics STATE, flags ACTIVE 1, INACTIVE 2, NOWAIT 1 << 29.
  @Test(
    arguments: [(true, true, 0x2000_0003), (true, false, 0x2000_0001), (false, true, 0x2000_0002)]
      as [(Bool, Bool, UInt32)])
  func `are those that were asked for`(_ active: Bool, _ inactive: Bool, _ flags: UInt32) throws {
    let (host, daemon) = try host([:])
    #expect(try host.states(GuestFilter(active: active, inactive: inactive)) == [])
    let arguments = xdr { for word in [0, 1, flags] { $0.unsigned(word) } }
    #expect(daemon.calls.last?.arguments == arguments)
  }

  @Test func `are guests by name, UUID and id`() throws {
    let uuid = try #require(GuestUUID(rawValue: Self.uuid))
    for (reference, procedure, arguments) in [
      (.name("web1"), .domainLookupByName, xdr { $0.string("web1") }),
      (.uuid(uuid), .domainLookupByUUID, Array("web1".utf8) + [UInt8](repeating: 1, count: 12)),
      (.id(7), .domainLookupByID, [0, 0, 0, 7]),
    ] as [(GuestReference, Procedure, [UInt8])] {
      let (host, daemon) = try host([procedure: web1, .domainGetState: paused])
      let found = try #require(try host.guest(reference))
      #expect(found == GuestState(uuid: uuid, name: "web1", id: 7, state: .paused, reason: "user"))
      #expect(daemon.calls.first { $0.is(procedure) }?.arguments == arguments)
    }
  }

  @Test func `is nothing of a guest that does not exist, or vanishes`() throws {
    let absent = FakeDaemon.Answer.error(code: 42)
    #expect(try host([.domainLookupByName: absent]).host.guest(.name("web1")) == nil)
    let (host, daemon) = try host([.domainLookupByName: web1, .domainGetState: absent])
    #expect(try host.guest(.name("web1")) == nil)
    _ = daemon
  }

  @Test func `is not asked for a name that C would cut`() throws {
    let (host, daemon) = try host([.domainLookupByName: web1, .domainGetState: paused])
    let error = #expect(throws: LibvirtError.self) { try host.guest(.name("web1\0x")) }
    #expect(error?.kind == .argument)
    #expect(!daemon.calls.contains { $0.is(.domainLookupByName) })
  }

  @Test func `are a guest's numbers`() throws {
    let numbers = xdr {
      for word in [3, 0, 2048, 0, 1024, 4, 1, 0] as [UInt32] { $0.unsigned(word) }
    }
    let (host, daemon) = try host([
      .domainLookupByUUID: web1, .domainGetState: paused, .domainGetInfo: .result(numbers),
      .domainGetOSType: .result(xdr { $0.string("hvm") }), .domainIsPersistent: number(1),
      .domainGetAutostart: number(1), .domainHasManagedSaveImage: number(0),
    ])
    let info = try host.info(try #require(GuestUUID(rawValue: Self.uuid)))
    #expect(info.state.name == "web1" && info.osType == "hvm" && info.vcpus == 4)
    #expect(info.maxMemory == 2048 * 1024 && info.usedMemory == 1024 * 1024)
    #expect(info.cpuTime == 4.294967296)
    #expect(info.persistent && info.autostart && !info.managedSave)
    let guest = xdr { remoteGuest("web1", id: 7, in: &$0) }
    for (procedure, flags) in [
      (.domainGetState, [0, 0, 0, 0]), (.domainGetInfo, []), (.domainGetOSType, []),
      (.domainIsPersistent, []), (.domainGetAutostart, []), (.domainHasManagedSaveImage, [0, 0, 0, 0]),
    ] as [(Procedure, [UInt8])] {
      #expect(daemon.calls.first { $0.is(procedure) }?.arguments == guest + flags, "\(procedure)")
    }
  }

  @Test(arguments: [(DomainXMLForm.live, 0 as UInt8), (.inactive, 2)])
  func `is a guest's document`(_ form: DomainXMLForm, _ flags: UInt8) throws {
    let document = FakeDaemon.Answer.result(xdr { $0.string("<domain/>") })
    let (host, daemon) = try host([.domainLookupByUUID: web1, .domainGetXMLDesc: document])
    #expect(try host.domain(.uuid(try #require(GuestUUID(rawValue: Self.uuid)))).xml(form) == "<domain/>")
    #expect(daemon.calls.last?.arguments.suffix(4) == [0, 0, 0, flags])
  }

  @Test func `is the host's name`() throws {
    let (host, daemon) = try host([.connectGetHostname: .result(xdr { $0.string("vm") })])
    #expect(try host.hostname() == "vm")
    #expect(try host.canonicalURI() == "u")
    _ = daemon
  }
}
