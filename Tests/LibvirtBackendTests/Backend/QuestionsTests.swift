import CVMCore
import Glibc
import Testing

@testable import LibvirtBackend

/// Which way a question goes: the daemon's socket, or libvirt.so, which asks the same daemon here.
@Suite("questions to a daemon") struct QuestionsTests {
  private func backend(_ daemon: FakeDaemon, timeout: Int = 5) throws -> LibvirtBackend {
    try LibvirtBackend(uri: daemon.uri, readOnly: false, timeout: timeout)
  }

  /// A daemon that gives `answer` to the bulk question on its first connection, and two guests on all others.
  private func daemon(
    _ answer: @escaping @Sendable (FakeDaemon.Call) -> FakeDaemon.Answer
  ) throws -> FakeDaemon {
    try FakeDaemon { call in
      guard call.is(.connectGetAllDomainStats) else { return call.procedure == 60 ? Self.no : nil }
      return call.connection == 1 ? answer(call) : .result(twoGuests)
    }
  }

  /// libvirt.so asks for features (CONNECT_SUPPORTS_FEATURE) when it connects.
  private static let no = FakeDaemon.Answer.result([0, 0, 0, 0])

  private func names(_ backend: LibvirtBackend) throws -> [String] {
    try backend.guests(GuestFilter()).map(\.name)
  }

  @Test func `go over its socket, on one connection`() throws {
    let daemon = try daemon { _ in .result(twoGuests) }
    let backend = try backend(daemon)
    #expect(try names(backend) == ["web1", "db"])
    #expect(try names(backend) == ["web1", "db"])
    #expect(daemon.connections == 1 && !backend.usesLibrary)
  }

  @Test func `go over libvirt where it is needed, from then on`() throws {
    let daemon = try daemon { _ in .result(twoGuests) }
    let backend = try backend(daemon)
    backend.leaveSocket()
    #expect(backend.usesLibrary)
    #expect(try names(backend) == ["web1", "db"])
    #expect(daemon.calls.filter { $0.is(.connectGetAllDomainStats) }.map(\.connection) == [2])
  }

  /// polkit is 2; libvirt.so says so with AUTH_POLKIT, procedure 70, which is refused here with AUTH_FAILED.
  @Test func `go over libvirt where the daemon wants to know who asks`() throws {
    let daemon = try FakeDaemon { call in
      call.is(.authList) ? .result([0, 0, 0, 1, 0, 0, 0, 2]) : call.procedure == 70 ? .error(code: 45) : nil
    }
    expect(.unreachable) { _ = try backend(daemon) }
    #expect(daemon.calls.map(\.procedure) == [66, 66, 70])
  }

  @Test(arguments: [
    FakeDaemon.Answer.result([0, 0, 0, 1]), .result(twoGuests + [0, 0, 0, 0]), .error(code: 3),
    .error(code: 39, domain: 7), .bytes([0xFF, 0xFF, 0xFF, 0xFF]),
  ])
  func `go over libvirt where the answer is not understood`(_ answer: FakeDaemon.Answer) throws {
    let daemon = try daemon { _ in answer }
    let backend = try backend(daemon)
    #expect(try names(backend) == ["web1", "db"])
    #expect(backend.usesLibrary && daemon.connections == 2)
  }

  @Test func `are asked again where the connection ends`() throws {
    let daemon = try daemon { .bytesAndEnd(Array(FakeDaemon.reply($0, twoGuests).dropLast())) }
    let backend = try backend(daemon)
    #expect(try names(backend) == ["web1", "db"])
    #expect(daemon.connections == 2 && !backend.usesLibrary)
  }

  @Test func `are asked twice at most`() throws {
    let daemon = try FakeDaemon { $0.is(.connectGetAllDomainStats) ? .bytesAndEnd([]) : nil }
    let backend = try backend(daemon)
    let error = #expect(throws: BackendError.self) { try names(backend) }
    #expect(error == .unreachable(uri: daemon.uri, reason: "the daemon closed the connection"))
    #expect(daemon.connections == 2 && !backend.usesLibrary)
  }

  @Test func `that get no answer are over with the limit, and not asked again`() throws {
    let daemon = try FakeDaemon { $0.is(.connectGetAllDomainStats) ? .silence : nil }
    let backend = try backend(daemon, timeout: 1)
    let start = Deadline.now
    let error = #expect(throws: BackendError.self) { try names(backend) }
    #expect(error == .timeout(operation: "listing guests", seconds: 1))
    #expect(Deadline.now < start.adding(milliseconds: 1800))
    usleep(500_000)  // a second way would be on its way
    #expect(daemon.connections == 1 && !backend.usesLibrary)
  }

  @Test func `are not even asked where connecting gets no answer`() throws {
    let daemon = try FakeDaemon { _ in .silence }
    let start = Deadline.now
    let error = #expect(throws: BackendError.self) { try backend(daemon, timeout: 1) }
    #expect(error == .timeout(operation: "connecting to \(daemon.uri)", seconds: 1))
    #expect(Deadline.now < start.adding(milliseconds: 1800))
    usleep(500_000)  // a second way would be on its way
    #expect(daemon.connections == 1)
  }

  @Test(
    arguments: [(29, .permission), (1, .failed), (68, .timeout), (42, .guestNotFound)] as [(Int32, Shape)])
  func `that the daemon refuses fail as with libvirt`(_ code: Int32, _ shape: Shape) throws {
    let daemon = try FakeDaemon { call in
      call.is(.domainLookupByUUID) ? .error(code: code) : call.procedure == 60 ? Self.no : nil
    }
    let uuid = try #require(GuestUUID(rawValue: TestGuest.uuid(of: "web1")))
    let backend = try backend(daemon)
    func failure() -> BackendError? {
      #expect(throws: BackendError.self) { try backend.domainXML(uuid, .live) }
    }
    let direct = try #require(failure())
    #expect(Shape(direct) == shape && !backend.usesLibrary)
    backend.leaveSocket()
    #expect(failure() == direct && backend.usesLibrary)
  }

  @Test func `that cannot even be asked fail as with libvirt`() throws {
    for code: Int32 in [1, 29, 38, 88] {
      let daemon = try FakeDaemon { call in
        call.is(.connectOpen) ? .error(code: code, int1: 13) : call.procedure == 60 ? Self.no : nil
      }
      let direct = #expect(throws: BackendError.self) { try backend(daemon) }
      let error = #expect(throws: LibvirtError.self) { try Connection(uri: daemon.uri, readOnly: false) }
      let act = Act(
        name: "connecting to \(daemon.uri)", kind: .connect, guest: nil, uri: daemon.uri, deadline: .now,
        seconds: 5)
      #expect(direct == error.map { BackendError($0, in: act) })
    }
  }

  @Test func `find a daemon that was started again`() throws {
    let daemon = try FakeDaemon { call in
      guard call.is(.connectGetAllDomainStats) else { return nil }
      return .bytesAndEnd(FakeDaemon.reply(call, twoGuests))
    }
    let backend = try backend(daemon)
    for _ in 1...3 { #expect(try names(backend) == ["web1", "db"]) }
    #expect(daemon.connections == 3 && !backend.usesLibrary)
  }

  @Test func `may come from several threads at once`() async throws {
    let daemon = try FakeDaemon { $0.is(.connectGetAllDomainStats) ? .result(twoGuests) : nil }
    let backend = try backend(daemon)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 1...40 { group.addTask { (try? names(backend)) == ["web1", "db"] } }
      for await right in group { #expect(right) }
    }
    #expect(!backend.usesLibrary)
  }
}
