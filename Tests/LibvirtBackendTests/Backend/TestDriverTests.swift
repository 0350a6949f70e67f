import CVMCore
import Testing

@testable import LibvirtBackend

/// Against libvirt's own test driver: no daemon, and one host for the whole process.
@Suite("the backend over test:///default") struct TestDriverTests {
  let backend: LibvirtBackend

  init() throws { backend = try LibvirtBackend(uri: "test:///default", readOnly: false, timeout: 10) }

  @Test func `lists the driver's own guest as running, by virsh's words`() throws {
    let test = try #require(try backend.guests(GuestFilter()).first { $0.name == "test" })
    #expect(test.state == .running)
    #expect(test.id == 1)
    #expect(test.uuid.rawValue == "6695eb01-f6a4-8304-79aa-97f2502e193f")
  }

  @Test func `asks for nothing where the filter wants nothing`() throws {
    #expect(try backend.guests(GuestFilter(active: false, inactive: false)).isEmpty)
  }

  @Test func `defines, starts, suspends, resumes, destroys and undefines a guest`() throws {
    let guest = try TestGuest(backend, "life")
    #expect(guest.defined.state == .shutOff)
    #expect(guest.defined.id == nil)
    try backend.start(guest.uuid, paused: false)
    #expect(try backend.guest(guest.uuid)?.state == .running)
    #expect(try backend.guest(guest.uuid)?.reason == "booted")
    try backend.suspend(guest.uuid)
    #expect(try backend.guest(named: guest.name)?.state == .paused)
    #expect(try backend.guest(named: guest.name)?.reason == "user")
    try backend.resume(guest.uuid)
    let id = try #require(try backend.guest(guest.uuid)?.id)
    #expect(try backend.guest(id: id)?.name == guest.name)
    try backend.reboot(guest.uuid)
    try backend.destroy(guest.uuid, graceful: false)
    #expect(try backend.guest(guest.uuid)?.reason == "destroyed")
    try backend.undefine(guest.uuid, UndefineOptions())
    #expect(try backend.guest(guest.uuid) == nil)
  }

  @Test func `lists active guests by id and then inactive ones by name`() throws {
    let guests = try ["order-b", "order-a", "order-d", "order-c"].map { try TestGuest(backend, $0) }
    for guest in guests.suffix(2) { try backend.start(guest.uuid, paused: false) }
    let mine = Set(guests.map(\.uuid))
    let all = try backend.guests(GuestFilter()).filter { mine.contains($0.uuid) }
    #expect(all.map(\.name) == ["order-d", "order-c", "order-a", "order-b"])
    #expect(try backend.guests(GuestFilter(inactive: false)).allSatisfy { $0.id != nil })
    #expect(try backend.guests(GuestFilter(active: false)).allSatisfy { $0.id == nil })
    try guests.forEach { try $0.remove() }
  }

  @Test func `a driver without bulk statistics gives the same list`() throws {
    let guest = try TestGuest(backend, "one-by-one")
    let connection = try Connection(uri: "test:///default", readOnly: true)
    for filter in [GuestFilter(), GuestFilter(inactive: false), GuestFilter(active: false)] {
      let listed = try connection.listedStates(filter).filter { $0.name == guest.name || $0.name == "test" }
      let asked = try backend.guests(filter).filter { $0.name == guest.name || $0.name == "test" }
      #expect(Set(listed.map(\.name)) == Set(asked.map(\.name)))
      #expect(listed.allSatisfy { asked.contains($0) })
    }
    try guest.remove()
  }

  @Test func `tells what dominfo shows`() throws {
    let guest = try TestGuest(backend, "info")
    let info = try backend.info(guest.uuid)
    #expect(info.osType == "linux")  // the driver's own word for whatever it was given
    #expect(info.vcpus == 2)
    #expect(info.maxMemory == 64 << 20)
    #expect(info.persistent)
    #expect(!info.autostart)
    #expect(!info.managedSave)
    try guest.remove()
  }

  @Test func `gives the definition with its launch security`() throws {
    let guest = try TestGuest(backend, "xml", launchSecurity: true)
    let xml = try backend.domainXML(guest.uuid, .inactive)
    #expect(xml.contains("<name>\(guest.name)</name>"))
    #expect(xml.contains("<policy>0x0003</policy>"))
    try guest.remove()
  }

  @Test func `knows no guest by a name, UUID or id that nobody has`() throws {
    #expect(try backend.guest(named: "nobody") == nil)
    #expect(try backend.guest(try #require(GuestUUID(bytes: [UInt8](repeating: 9, count: 16)))) == nil)
    #expect(try backend.guest(id: 999_999) == nil)
    #expect(try backend.guest(id: -1) == nil)
    #expect(try backend.guest(id: .max) == nil)
  }

  @Test func `a name with a NUL is not the name before the NUL`() {
    #expect(throws: BackendError.self) { try backend.guest(named: "test\0more") }
  }

  @Test func `XML with a NUL is refused before libvirt sees half of it`() {
    #expect(throws: BackendError.invalidDefinition(reason: "the domain XML contains a NUL character")) {
      try backend.define(xml: TestGuest.xml("nul") + "\0")
    }
  }

  @Test(arguments: ["", "<domain", "<domain type='test'/>", "<domain type='test'><bogus/></domain>"])
  func `XML that libvirt does not take is an invalid definition`(_ xml: String) throws {
    expect(.invalidDefinition) { _ = try backend.define(xml: xml) }
  }

  @Test func `a taken UUID is a conflict`() throws {
    let guest = try TestGuest(backend, "taken")
    let other = TestGuest.xml("taken-by-another").replacing(
      /<uuid>.*<.uuid>/, with: "<uuid>\(guest.uuid)</uuid>")
    expect(.conflict) { _ = try backend.define(xml: other) }
    try guest.remove()
  }

  @Test func `starting a running guest and ending a stopped one are conflicts`() throws {
    let guest = try TestGuest(backend, "twice")
    expect(.conflict) { try backend.destroy(guest.uuid, graceful: false) }
    try backend.start(guest.uuid, paused: false)
    expect(.conflict) { try backend.start(guest.uuid, paused: false) }
    expect(.conflict) {
      let paused = try backend.startPaused(guest.uuid, xml: TestGuest.xml("twice"))
      try backend.destroy(paused)
    }
    try guest.remove()
  }

  @Test func `only XML of the guest itself is launched`() throws {
    let guest = try TestGuest(backend, "itself")
    for xml in ["", "<domain/>", "<domain", TestGuest.xml("another")] {
      expect(.invalidDefinition) {
        let paused = try backend.startPaused(guest.uuid, xml: xml)
        try backend.destroy(paused)
      }
    }
    #expect(try backend.guest(named: "another") == nil)
    try guest.remove()
  }

  @Test func `every act on a guest that is not there says so`() throws {
    let uuid = try #require(GuestUUID(bytes: [UInt8](repeating: 7, count: 16)))
    let missing = BackendError.guestNotFound(uuid.rawValue)
    #expect(throws: missing) { try backend.start(uuid, paused: false) }
    #expect(throws: missing) { try backend.shutdown(uuid) }
    #expect(throws: missing) { try backend.destroy(uuid, graceful: true) }
    #expect(throws: missing) { try backend.undefine(uuid, UndefineOptions()) }
    #expect(throws: missing) { try backend.info(uuid) }
    #expect(throws: missing) { try backend.domainXML(uuid, .live) }
    #expect(throws: missing) { try backend.launchSecurity(uuid) }
    #expect(throws: missing) { try backend.inject(header: [], payload: [], address: nil, into: uuid) }
    #expect(throws: missing) {
      let paused = try backend.startPaused(uuid, xml: "<domain><uuid>\(uuid)</uuid></domain>")
      try backend.destroy(paused)
    }
  }

  @Test func `what the driver lacks is unsupported`() throws {
    expect(.unsupported) { _ = try backend.sevPlatform() }
    expect(.unsupported) { _ = try backend.domainCapabilities(.init()) }
  }

  @Test func `describes the host`() throws {
    #expect(try backend.canonicalURI() == "test:///default")
    #expect(!(try backend.hostname()).isEmpty)
    #expect(try backend.capabilities().contains("<capabilities>"))
    let version = try backend.version()
    #expect(version.hypervisorType.lowercased() == "test")
    #expect(try #require(version.library).wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    #expect(!backend.isSimulated)
  }

  @Test func `a read-only connection reads and refuses every act`() throws {
    let reader = try LibvirtBackend(uri: "test:///default", readOnly: true, timeout: 10)
    let test = try #require(try reader.guest(named: "test"))
    #expect(try reader.domainXML(test.uuid, .live).contains("<name>test</name>"))
    expect(.permission) { _ = try reader.define(xml: TestGuest.xml("read-only")) }
    expect(.permission) { try reader.suspend(test.uuid) }
    expect(.permission) { _ = try reader.sevPlatform() }
  }

  @Test(arguments: [
    "nothing:///here", "qemu:///system?socket=/nonexistent/libvirt-sock", "test:///nonexistent.xml",
  ])
  func `what cannot be connected to is unreachable`(_ uri: String) throws {
    expect(.unreachable) { _ = try LibvirtBackend(uri: uri, readOnly: false, timeout: 5) }
  }

  @Test(arguments: ["qemu+tcp://host/system", "QEMU+TCP://host/system", "qemu+tcp:///system?x=y"])
  func `a transport without encryption is refused before anything is sent`(_ uri: String) {
    expect(.unsupported) {
      _ = try LibvirtBackend(uri: uri, readOnly: false, timeout: 5)
    }
  }
}
