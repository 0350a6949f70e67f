import Glibc
import Testing

@testable import cvm_qemu

@Suite("A monitor's conversation") struct MonitorSessionTests {
  private static let greeting =
    #"{"QMP": {"version": {"qemu": {"micro": 2, "minor": 1, "major": 9}}, "capabilities": ["oob"]}}"#

  /// A session whose client has negotiated; what was sent so far is thrown away.
  private func negotiated(_ guest: FakeGuest = FakeGuest()) throws -> Conversation {
    let session = Conversation(guest)
    try session.qemu(Self.greeting + "\r\n")
    try session.client("{\"execute\":\"qmp_capabilities\"}\n")
    try session.qemu("{\"return\": {}}\r\n")
    _ = session.sentToClient()
    _ = session.sentToQEMU()
    return session
  }

  @Test func `everything that is QEMU's passes byte for byte`() throws {
    let session = try negotiated()
    let command = " { \"execute\" : \"qom-get\",\"arguments\":{\"path\":\"/a\"} }\r\n\n"
    let reply = "{\"return\":  [1.50, 1e3, \"\\u00e4\"] , \"id\": 1}\r\n"
    let event = "{\"timestamp\": {\"seconds\": 1}, \"event\": \"STOP\"}\r\n"
    try session.client(command)
    try session.qemu(event + reply)
    #expect(session.sentToQEMU() == command)
    #expect(session.sentToClient() == event + reply)
  }

  @Test func `nothing is answered before the negotiation`() throws {
    let guest = FakeGuest()
    let session = Conversation(guest)
    try session.client("{\"execute\":\"query-sev\"}{\"execute\":\"cont\"}")
    #expect(session.sentToQEMU() == "{\"execute\":\"query-sev\"}{\"execute\":\"cont\"}")
    #expect(session.sentToClient() == "")
    #expect(guest.acts.isEmpty)
  }

  @Test func `a command sent along with the negotiation is not overlooked`() throws {
    let guest = FakeGuest()
    let session = Conversation(guest)
    try session.client("{\"execute\":\"qmp_capabilities\"}{\"execute\":\"cont\"}")
    #expect(guest.acts == ["finish"])
  }

  @Test func `an own reply does not overtake QEMU's`() throws {
    let session = try negotiated()
    try session.client(
      "{\"execute\":\"stop\",\"id\":1}\n{\"execute\":\"query-sev-launch-measure\",\"id\":2}\n{\"execute\":\"stop\",\"id\":3}\n"
    )
    #expect(session.sentToClient() == "")
    try session.qemu("{\"return\": {}, \"id\": 1}\r\n")
    let first = session.sentToClient()
    #expect(first.hasPrefix("{\"return\": {}, \"id\": 1}\r\n{\"return\":{\"data\":"))
    #expect(first.hasSuffix("\"id\":2}\r\n"))
    try session.qemu("{\"return\": {}, \"id\": 3}\r\n")
    #expect(session.sentToClient() == "{\"return\": {}, \"id\": 3}\r\n")
    #expect(session.waiting == 0)
  }

  @Test func `an event between does not count as a reply`() throws {
    let session = try negotiated()
    try session.client("{\"execute\":\"stop\"}{\"execute\":\"query-sev-launch-measure\"}")
    try session.qemu("{\"timestamp\": {}, \"event\": \"STOP\"}\r\n")
    #expect(session.sentToClient() == "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n")
    try session.qemu("{\"return\": {}}\r\n")
    #expect(session.sentToClient().contains("data"))
  }

  @Test func `an own reply never lands inside a message of QEMU's`() throws {
    let session = try negotiated()
    try session.qemu("{\"timestamp\": {}, \"eve")
    try session.client("{\"execute\":\"query-sev-launch-measure\"}")
    #expect(session.sentToClient().hasPrefix("{\"return\":{\"data\":"))
    try session.qemu("nt\": \"STOP\"}\r\n")
    #expect(session.sentToClient() == "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n")
  }

  @Test func `query-migrate's reply is changed, its neighbours' are not`() throws {
    let session = try negotiated()
    try session.client(
      "{\"execute\":\"query-status\"}{\"execute\":\"query-migrate\"}{\"execute\":\"query-status\"}")
    try session.qemu("{\"return\": 1}\r\n{\"return\": {}}\r\n{\"return\": 2}\r\n")
    #expect(
      session.sentToClient()
        == "{\"return\": 1}\r\n{\"return\":{\"blocked-reasons\":[\"SEV: Migration is not implemented\"]}}\r\n{\"return\": 2}\r\n"
    )
  }

  @Test(arguments: [
    "{'execute':'cont'}", "{\"execute\":\"cont\",}", "{\"execute\":\"cont\",\"execute\":\"stop\"}", "[]",
    "{]", "garbage\n",
    "\"execute\"\n", "{\"execute\":\"\u{1}cont\"}",
  ]) func `what is no JSON object of ours never reaches QEMU`(_ text: String) throws {
    let guest = FakeGuest()
    let session = try negotiated(guest)
    try session.client(text)
    let forwarded = session.sentToQEMU().contains { !$0.isWhitespace }
    #expect(!forwarded)
    #expect(
      session.sentToClient() == "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error\"}}\r\n")
    #expect(guest.acts.isEmpty)
  }

  @Test func `bytes that are no text are no command`() throws {
    let session = try negotiated()
    try session.client([0xFF, 0x00, 0x7B, 0xC3, 0x28, 0x7D], [])
    #expect(session.sentToQEMU() == "")
  }

  @Test func `QEMU may say anything`() throws {
    let session = try negotiated()
    let noise = "}{\"x\":1}\n\u{0}\u{1}[[[]]]\r\nreturn\n{\"return\": 1}\r\n{\"error\": 2}\r\n"
    try session.qemu(noise)
    #expect(session.sentToClient() == noise)
  }

  @Test func `from QEMU 9.1 on query-sev tells the kind`() throws {
    let session = try negotiated()
    try session.client("{\"execute\":\"query-sev\"}")
    #expect(session.sentToClient().contains("\"sev-type\":\"sev\""))
  }
}

@Suite("Descriptors of a monitor") struct MonitorDescriptorTests {
  private func descriptor() throws -> Descriptor { try Descriptor.memory("test", size: 0) }

  @Test func `travel with the command they came with`() throws {
    let guest = FakeGuest()
    let session = Conversation(guest)
    try session.client(Array("{\"execute\":\"a\"}\n{\"execute\":".utf8), [])
    try session.client(Array("\"getfd\"}\n".utf8), [descriptor()])
    let reads = session.readsOfQEMU()
    #expect(reads.map(\.text).joined() == "{\"execute\":\"a\"}\n{\"execute\":\"getfd\"}\n")
    #expect(reads.flatMap(\.descriptors).count == 1)
    #expect(reads.first { !$0.descriptors.isEmpty }?.text.contains("getfd") == true)
  }

  @Test func `of an answered command are closed`() throws {
    let guest = FakeGuest()
    let session = Conversation(guest)
    let number: Int32
    do {
      let given = try descriptor()
      number = given.number
      try session.client(
        Array("{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-sev\"}".utf8), [given])
    }
    #expect(session.waitsForQEMU > 0)
    #expect(fcntl(number, F_GETFD) == -1 || number < 0)
  }

  @Test func `are limited`() throws {
    let guest = FakeGuest()
    let session = Conversation(guest)
    let many = try (0..<200).map { _ in try descriptor() }
    try session.client([0x7B], many)
    #expect(throws: MonitorViolation.tooManyDescriptors(limit: 253)) { try session.client([0x20], many) }
  }
}

/// A session and what it sends.
final class Conversation {
  private var session: MonitorSession

  init(_ guest: FakeGuest) { session = MonitorSession(platform: guest, guest: guest) }

  var waiting: Int { session.waiting }
  var waitsForQEMU: Int { session.toQEMU.count }

  func client(_ text: String) throws(MonitorViolation) { try client(Array(text.utf8), []) }

  func client(_ bytes: [UInt8], _ descriptors: [Descriptor]) throws(MonitorViolation) {
    try session.receivedFromClient(bytes, descriptors)
  }

  func qemu(_ text: String) throws(MonitorViolation) { try session.receivedFromQEMU(Array(text.utf8)) }

  func sentToClient() -> String { Self.drain(&session.toClient).map(\.text).joined() }

  func sentToQEMU() -> String { readsOfQEMU().map(\.text).joined() }

  func readsOfQEMU() -> [Sockets.Read] { Self.drain(&session.toQEMU) }

  private static func drain(_ outbox: inout Outbox) -> [Sockets.Read] {
    guard let (near, far) = try? Sockets.pair(), outbox.flush(to: near) else { return [] }
    return Sockets.readAll(far)
  }
}
