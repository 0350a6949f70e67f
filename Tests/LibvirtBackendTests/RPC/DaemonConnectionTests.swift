import Bytes
import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("a conversation with a daemon") struct DaemonConnectionTests {
  private func failure(_ body: () throws -> Void) -> LibvirtError.Kind? {
    do { try body() } catch { return (error as? LibvirtError)?.kind }
    return nil
  }

  private func states(_ connection: DaemonConnection?, within milliseconds: Int = 5000) throws {
    let connection = try #require(connection)
    let host = DaemonHost(connection: connection, uri: "", deadline: .after(milliseconds: milliseconds))
    _ = try host.states(GuestFilter())
  }

  /// A daemon that gives `answer` to the bulk question.
  private func daemon(
    _ answer: @escaping @Sendable (FakeDaemon.Call) -> FakeDaemon.Answer
  ) throws -> FakeDaemon {
    try FakeDaemon { $0.is(.connectGetAllDomainStats) ? answer($0) : nil }
  }

  @Test func `begins with the login and the host, and ends with a goodbye`() throws {
    let daemon = try FakeDaemon()
    try states(try daemon.connect())
    #expect(daemon.hasHeard(.connectClose))
    #expect(daemon.calls.map(\.procedure) == [66, 1, 344, 2])
    #expect(daemon.calls.map(\.serial) == [0, 1, 2, 3])
    let open = xdr {
      $0.unsigned(1)
      $0.string("qemu:///system")
      $0.unsigned(0)
    }
    #expect(daemon.calls[1].arguments == open)
  }

  @Test func `is read-only if it shall be`() throws {
    let daemon = try FakeDaemon()
    _ = try daemon.connect(readOnly: true)
    #expect(daemon.calls[1].arguments.suffix(4) == [0, 0, 0, 1])
  }

  @Test(
    arguments: [
      ([], true), ([0], true), ([0, 2], true), ([1], false), ([2], false), ([2, 0], false), ([9], false),
    ] as [([UInt32], Bool)])
  func `is only for who needs no login`(_ kinds: [UInt32], _ expected: Bool) throws {
    let list = xdr { writer in
      writer.unsigned(UInt32(kinds.count))
      for kind in kinds { writer.unsigned(kind) }
    }
    let daemon = try FakeDaemon { $0.is(.authList) ? .result(list) : nil }
    #expect((try daemon.connect() != nil) == expected)
    #expect(daemon.calls.contains { $0.is(.connectOpen) } == expected)
  }

  @Test func `takes somebody who listens`() throws {
    let setting = ClientSetting(isRoot: true, variable: { _ in nil }, content: { _ in .none })
    for path in ["/nowhere/sock", "/etc/passwd", "/tmp/" + String(repeating: "x", count: 200)] {
      let address = DaemonAddress(ConnectionURI("qemu:///system?socket=\(path)"), readOnly: false, setting)
      #expect(try DaemonConnection(to: #require(address), until: .after(milliseconds: 1000)) == nil)
    }
  }

  @Test func `fails with the host that cannot be opened`() throws {
    let daemon = try FakeDaemon { $0.is(.connectOpen) ? .error(code: 88, domain: 20) : nil }
    #expect(
      failure { _ = try daemon.connect() } == .libvirt(code: 88, domain: 20, errno: nil))
  }

  @Test func `goes on after an error`() throws {
    let daemon = try daemon { $0.serial == 2 ? .error(code: 42) : .result(twoGuests) }
    let connection = try daemon.connect()
    #expect(failure { try states(connection) } == .libvirt(code: 42, domain: 10, errno: nil))
    #expect(connection?.isOpen == true)
    try states(connection)
  }

  // MARK: A daemon that is no good

  @Test func `ends with a daemon that says nothing, in time`() throws {
    let daemon = try daemon { _ in .silence }
    let connection = try daemon.connect()
    let start = Deadline.now
    #expect(failure { try states(connection, within: 200) } == .overdue)
    #expect(Deadline.now < start.adding(milliseconds: 1500))
    #expect(start.adding(milliseconds: 200) <= .now)
    #expect(connection?.isOpen == false)
  }

  @Test func `ends with a daemon that says nothing when it is called, in time`() throws {
    let daemon = try FakeDaemon { _ in .silence }
    #expect(failure { _ = try daemon.connect(within: 200) } == .overdue)
  }

  @Test func `ends with a daemon that begins to answer, in time`() throws {
    let daemon = try daemon { .bytes(Array(FakeDaemon.reply($0, twoGuests).dropLast())) }
    let connection = try daemon.connect()
    #expect(failure { try states(connection, within: 200) } == .overdue)
  }

  @Test func `is lost with an answer that ends anywhere`() throws {
    let length = FakeDaemon.reply(.init(connection: 0, procedure: 0, serial: 0, arguments: []), twoGuests)
      .count
    let daemon = try daemon { call in
      .bytesAndEnd(Array(FakeDaemon.reply(call, twoGuests).prefix(call.connection - 1)))
    }
    for count in 0..<length {
      let connection = try daemon.connect()
      #expect(failure { try states(connection) } == .connectionLost, "\(count) bytes")
      #expect(connection?.isOpen == false)
    }
    try states(try daemon.connect())
  }

  /// A length that grew makes the client wait for what never comes: the daemon ends there.
  @Test(arguments: [0x01, 0x80, 0xFF] as [UInt8])
  func `survives an answer that is wrong anywhere`(_ change: UInt8) throws {
    let length = FakeDaemon.reply(.init(connection: 0, procedure: 0, serial: 0, arguments: []), twoGuests)
      .count
    let daemon = try daemon { call in
      var bytes = FakeDaemon.reply(call, twoGuests)
      bytes[(call.connection - 1) % length] ^= change
      return .bytesAndEnd(bytes)
    }
    var refused = 0
    for index in 0..<length {
      let connection = try daemon.connect()
      let kind = failure { try states(connection) }
      if kind != nil { refused += 1 }
      if index < 28 { #expect(kind == .notUnderstood || kind == .connectionLost, "byte \(index)") }
    }
    // Names, UUIDs, ids and states may be anything.
    #expect(refused > 28 && refused < length)
  }

  @Test(arguments: [0, 27, 0x0200_0001, 0x8000_0000, .max] as [UInt32])
  func `does not believe a length`(_ length: UInt32) throws {
    let daemon = try daemon { .bytes(FakeDaemon.reply($0, twoGuests, length: length)) }
    let connection = try daemon.connect()
    #expect(failure { try states(connection) } == .notUnderstood)
    #expect(connection?.isOpen == false)
  }

  @Test func `does not believe a number of guests`() throws {
    for count: UInt32 in [3, 16385, 0x7FFF_FFFF, .max] {
      let daemon = try daemon { _ in .result(xdr { $0.unsigned(count) } + twoGuests.dropFirst(4)) }
      let connection = try daemon.connect()
      #expect(failure { try states(connection) } == .notUnderstood)
    }
  }

  @Test func `does not take another call's reply`() throws {
    for difference in [-1, 1] as [Int32] {
      let daemon = try daemon { call in
        let serial = UInt32(bitPattern: Int32(call.serial) + difference)
        return .bytes(FakeDaemon.reply(call, twoGuests, words: [4: serial]))
      }
      let connection = try daemon.connect()
      #expect(failure { try states(connection) } == .notUnderstood)
    }
  }

  @Test func `notices the end of a connection that nobody uses`() throws {
    let daemon = try daemon { .bytesAndEnd(FakeDaemon.reply($0, twoGuests)) }
    let connection = try #require(try daemon.connect())
    #expect(connection.isOpen)
    try states(connection)
    while connection.isOpen {}
  }
}
