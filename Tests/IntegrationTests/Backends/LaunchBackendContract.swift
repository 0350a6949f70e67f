import CVMCore
import TestHarness
import Testing

extension Integration {
  /// What stands in the comments of `LaunchBackend`, held against every conformance.
  @Suite("every launch backend", .serialized) struct LaunchBackendContract {
    typealias Kind = ContractHost.Kind

    @Test(arguments: Kind.allCases)
    func `defines a guest, shut off, and finds it by name and UUID`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      try host.withGuest("contract-define") { guest throws in
        #expect(guest.state == .shutOff)
        #expect(guest.id == nil)
        #expect(try host.backend.guest(named: "contract-define")?.uuid == guest.uuid)
        #expect(try host.backend.guest(guest.uuid)?.name == "contract-define")
      }
      #expect(try host.backend.guest(named: "contract-define") == nil)
    }

    @Test(arguments: Kind.allCases)
    func `lists active guests by id, then inactive ones by name`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      let names = ["contract-d", "contract-b", "contract-c", "contract-a"]
      let guests = try names.map { try host.backend.define(xml: host.document($0).xml) }
      defer { guests.forEach { host.remove($0.uuid) } }
      for guest in guests.prefix(2) { try host.backend.start(guest.uuid, paused: true) }

      let mine = Set(guests.map(\.uuid))
      let listed = try host.backend.guests(GuestFilter()).filter { mine.contains($0.uuid) }
      #expect(listed.map(\.name) == ["contract-d", "contract-b", "contract-a", "contract-c"])
      #expect(listed.map(\.state) == [.paused, .paused, .shutOff, .shutOff])
      let active = try host.backend.guests(GuestFilter(inactive: false))
      #expect(active.allSatisfy { $0.id != nil })
      let inactive = try host.backend.guests(GuestFilter(active: false))
      #expect(inactive.allSatisfy { $0.id == nil })
    }

    @Test(arguments: Kind.allCases)
    func `runs a plain guest through its life`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      try host.withGuest("contract-life") { guest throws in
        try host.backend.start(guest.uuid, paused: false)
        let running = try #require(try host.backend.guest(guest.uuid))
        #expect(running.state == .running)
        #expect(try host.backend.guest(id: try #require(running.id))?.uuid == guest.uuid)
        try host.backend.suspend(guest.uuid)
        #expect(try host.backend.guest(guest.uuid)?.state == .paused)
        try host.backend.resume(guest.uuid)
        #expect(try host.backend.guest(guest.uuid)?.state == .running)
        try host.backend.destroy(guest.uuid, graceful: false)
        let ended = try #require(try host.backend.guest(guest.uuid))
        #expect(ended.state == .shutOff)
        #expect(ended.reason == "destroyed")
      }
    }

    @Test(arguments: Kind.allCases)
    func `refuses what a guest's state does not allow`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      try host.withGuest("contract-state") { guest throws in
        expectRefusal(.conflict) { () throws(BackendError) in
          try host.backend.destroy(guest.uuid, graceful: false)
        }
        expectRefusal(.conflict) { () throws(BackendError) in try host.backend.suspend(guest.uuid) }
        expectRefusal(.conflict) { () throws(BackendError) in try host.backend.resume(guest.uuid) }
        try host.backend.start(guest.uuid, paused: true)
        #expect(try host.backend.launchSecurity(guest.uuid) == nil)
        expectRefusal(.conflict) { () throws(BackendError) in
          try host.backend.start(guest.uuid, paused: true)
        }
      }
    }

    @Test(arguments: Kind.allCases)
    func `knows no guest that was not defined`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      let uuid = try #require(GuestUUID(bytes: [UInt8](repeating: 0x17, count: 16)))
      #expect(try host.backend.guest(uuid) == nil)
      #expect(try host.backend.guest(named: "contract-nobody") == nil)
      #expect(try host.backend.guest(id: 123_456) == nil)
      expectRefusal(.guestNotFound) { () throws(BackendError) in
        try host.backend.start(uuid, paused: false)
      }
      expectRefusal(.guestNotFound) { () throws(BackendError) in
        try host.backend.destroy(uuid, graceful: false)
      }
      expectRefusal(.guestNotFound) { () throws(BackendError) in
        try host.backend.undefine(uuid, UndefineOptions())
      }
      expectRefusal(.guestNotFound) { () throws(BackendError) in
        _ = try host.backend.domainXML(uuid, .inactive)
      }
      expectRefusal(.guestNotFound) { () throws(BackendError) in _ = try host.backend.info(uuid) }
    }

    @Test(arguments: Kind.allCases)
    func `takes a new definition of a guest with its UUID, and refuses its name without`(_ kind: Kind) throws
    {
      let host = try ContractHost(kind)
      try host.withGuest("contract-again") { guest throws in
        expectRefusal(.conflict) { () throws(BackendError) in
          _ = try host.backend.define(xml: host.document("contract-again").xml)
        }
        var changed = host.document("contract-again")
        changed.vcpus = 2
        let xml = changed.xml.replacing("<memory ", with: "<uuid>\(guest.uuid)</uuid><memory ")
        #expect(try host.backend.define(xml: xml).uuid == guest.uuid)
        #expect(try host.backend.info(guest.uuid).vcpus == 2)
      }
    }

    @Test(
      arguments: Kind.allCases, ["", "<domain", "<domain type='qemu'/>", "<network><name>n</name></network>"])
    func `refuses XML that is no domain`(_ kind: Kind, _ xml: String) throws {
      let host = try ContractHost(kind)
      expectRefusal(.invalidDefinition) { () throws(BackendError) in _ = try host.backend.define(xml: xml) }
    }

    @Test(arguments: Kind.allCases)
    func `carries a name with metacharacters exactly`(_ kind: Kind) throws {
      let host = try ContractHost(kind)
      let name = "contract & <b> \"q\" 'a' $(id) ; ünï"
      try host.withGuest(name) { guest throws in
        #expect(guest.name == name)
        #expect(try host.backend.guest(named: name)?.uuid == guest.uuid)
      }
    }
  }
}
