import CVMCore
import Testing

@testable import SimulatedBackend

@Suite("Domains of a simulated host") struct DomainsTests {
  let host: Host
  let backend: SimulatedBackend

  init() throws {
    host = try Host()
    backend = try host.backend()
  }

  private func document(_ number: Int) -> Document {
    let digits = String(number)
    let padded = String(repeating: "0", count: 12 - digits.count) + digits
    return Document(name: "g\(number)", uuid: "00000000-0000-4000-8000-\(padded)", security: nil)
  }

  @Test func `listed are active ones by id, then inactive ones by name`() throws {
    for number in [3, 1, 2, 4, 5] { _ = try backend.define(xml: document(number)()) }
    for number in [4, 2] { try backend.start(try #require(document(number).guest), paused: false) }
    #expect(try backend.guests(GuestFilter()).map(\.name) == ["g4", "g2", "g1", "g3", "g5"])
    #expect(try backend.guests(GuestFilter(inactive: false)).map(\.name) == ["g4", "g2"])
    #expect(try backend.guests(GuestFilter(active: false)).map(\.name) == ["g1", "g3", "g5"])
    #expect(try backend.guests(GuestFilter(active: false, inactive: false)) == [])
    #expect(try backend.guests(GuestFilter()).map(\.id) == [1, 2, nil, nil, nil])
  }

  @Test func `conflicts are told in libvirt's words`() throws {
    _ = try backend.define(xml: document(1)())
    var sameName = document(2)
    sameName.name = "g1"
    var sameUUID = document(1)
    sameUUID.name = "other"
    let byName = #expect(throws: BackendError.self) { _ = try backend.define(xml: sameName()) }
    let byUUID = #expect(throws: BackendError.self) { _ = try backend.define(xml: sameUUID()) }
    let uuid = document(1).uuid
    #expect(
      byName?.summary == "operation failed: domain 'g1' already exists with uuid \(uuid)")
    #expect(
      byUUID?.summary == "operation failed: domain 'g1' is already defined with uuid \(uuid)")
  }

  @Test func `a redefinition changes the numbers, but not of what runs`() throws {
    var document = document(1)
    let uuid = try backend.define(xml: document()).uuid
    document.vcpus = 3
    _ = try backend.define(xml: document())
    #expect(try backend.info(uuid).vcpus == 3)
    try backend.start(uuid, paused: false)
    document.vcpus = 5
    _ = try backend.define(xml: document())
    #expect(try backend.info(uuid).vcpus == 3)
    #expect(try backend.domainXML(uuid, .inactive).contains("<vcpu>5</vcpu>"))
    #expect(try backend.domainXML(uuid, .live).contains("<vcpu>3</vcpu>"))
    #expect(try backend.domainXML(uuid, .live).contains("<domain type='qemu' id='1'>"))
    try backend.destroy(uuid, graceful: false)
    #expect(try backend.domainXML(uuid, .live).contains("<vcpu>5</vcpu>"))
    try backend.start(uuid, paused: false)
    #expect(try backend.info(uuid).vcpus == 5)
  }

  @Test func `a transient domain becomes persistent by a definition`() throws {
    let uuid = try backend.define(xml: document(1)()).uuid
    try backend.start(uuid, paused: false)
    try backend.undefine(uuid, UndefineOptions())
    #expect(try backend.domainXML(uuid, .inactive).contains("id='1'"))
    _ = try backend.define(xml: document(1)())
    #expect(try backend.info(uuid).persistent)
    try backend.destroy(uuid, graceful: true)
    #expect(try backend.guest(uuid)?.state == .shutOff)
  }

  @Test func `every instance sees the same domains`() throws {
    let first = try host.backend()
    let uuid = try first.define(xml: document(1)()).uuid
    let second = try host.backend()
    try second.start(uuid, paused: true)
    #expect(try first.guest(uuid)?.state == .paused)
    try first.destroy(uuid, graceful: false)
    #expect(try second.guest(uuid)?.state == .shutOff)
  }

  @Test func `sixteen definitions of one name: one stands`() throws {
    let documents = (0..<16).map { number in
      var document = document(number)
      document.name = "same"
      return document()
    }
    let found = Results<GuestState>()
    Threads.run(16) { [host] number in found.add { try host.backend().define(xml: documents[number]) } }
    #expect(found.values.count == 1)
    #expect(found.errors.count == 15 && found.errors.allSatisfy { $0.contains("already exists with uuid") })
  }
}
