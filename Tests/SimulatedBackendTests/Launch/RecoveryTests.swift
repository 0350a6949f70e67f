import CVMCore
import Foundation
import SEV
import SecureProcessor
import Testing

@testable import SimulatedBackend

@Suite("After a killed process or damage") struct RecoveryTests {
  let host: Host
  let firmware: String

  init() throws {
    host = try Host()
    firmware = try host.file("fw", Firmware.image())
  }

  private func document(_ number: Int) -> Document {
    Document(name: "g\(number)", uuid: "8f0752f4-4131-437c-b071-00000000000\(number)")
      .with(firmware: firmware)
  }

  @Test func `a guest that no domain knows is retired by the next launch`() throws {
    // As if the process had been killed between the AMD-SP's record and the domain's.
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    let entropy = SystemEntropy()
    let handle = try transaction.processor.launch(
      LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: entropy)
    _ = try transaction.processor.launchMeasure(handle, entropy: entropy)
    try transaction.commit()
    try Data([1]).write(to: URL(fileURLWithPath: host.path + "/memory/left.ram"))
    #expect(try host.processor().platformStatus().guestCount == 1)
    try host.backend().launch(document(1))
    #expect(try host.processor().platformStatus().guestCount == 1)
    #expect(try host.names("memory").count == 1 && host.names("platform/guests") == ["0001.context"])
  }

  @Test func `a launch under way is not retired by another, and one that ended without a domain is`() throws {
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    let handle = try transaction.processor.launch(
      LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: SystemEntropy())
    let launch = try transaction.detach(handle)
    try transaction.commit()
    try host.backend().launch(document(1))
    #expect(try host.processor().guests[handle] != nil && host.processor().platformStatus().guestCount == 2)
    _ = consume launch
    try host.backend().launch(document(2))
    #expect(try host.processor().platformStatus().guestCount == 2 && host.names("memory").count == 2)
  }

  @Test func `a guest that the AMD-SP lost can still be destroyed, not resumed`() throws {
    let backend = try host.backend()
    let uuid = try backend.launch(document(1))
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    transaction.processor.shutdown()
    try transaction.processor.switchOn(entropy: SystemEntropy())
    try transaction.commit()
    #expect(throws: BackendError.self) { try backend.resume(uuid) }
    #expect(try backend.guest(uuid)?.state == .paused)
    try backend.destroy(uuid, graceful: false)
    #expect(try backend.guest(uuid)?.state == .shutOff)
    try backend.launch(document(1))
  }

  @Test(arguments: ["chip", "platform", "guests/0001.context"], [0, 30, -1])
  func `damage of the AMD-SP's files is told with the file`(_ name: String, _ offset: Int) throws {
    let backend = try host.backend()
    let uuid = try backend.launch(document(1))
    let url = URL(fileURLWithPath: host.path + "/platform/" + name)
    var bytes = try Data(contentsOf: url)
    bytes[offset < 0 ? bytes.count - 1 : offset] ^= 1
    let handle = try FileHandle(forWritingTo: url)
    try handle.write(contentsOf: bytes)
    try handle.close()
    let error = #expect(throws: BackendError.self) { try host.backend().resume(uuid) }
    guard case .corrupt(let file, _)? = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(file.hasSuffix("/platform/" + name))
    #expect(try host.backend().guests(GuestFilter()).count == 1)
  }

  @Test(arguments: [true, false])
  func `a damaged context keeps no guest alive and stops no launch`(_ isKnown: Bool) throws {
    let backend = try host.backend()
    let uuid = try backend.launch(document(1))
    let context = URL(fileURLWithPath: host.path + "/platform/guests/0001.context")
    let handle = try FileHandle(forWritingTo: context)
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    if isKnown {
      try backend.destroy(uuid, graceful: false)
    } else {
      // As if the destroying process had been killed before the AMD-SP's turn.
      _ = try backend.table.change { () throws(DomainFailure) in
        try backend.table.setInactive(backend.table.domain(uuid), reason: "destroyed")
      }
      try backend.launch(document(2))
    }
    #expect(try host.processor().platformStatus().guestCount == (isKnown ? 0 : 1))
    #expect(try backend.guest(uuid)?.state == .shutOff)
  }

  @Test func `a missing memory file is told`() throws {
    let backend = try host.backend()
    let uuid = try backend.launch(document(1))
    let name = try #require(try host.names("memory").first)
    try FileManager.default.removeItem(atPath: host.path + "/memory/" + name)
    let error = #expect(throws: BackendError.self) {
      try backend.memory(of: uuid, view: .host, address: 0, count: 16)
    }
    #expect(error == .corrupt(file: host.path + "/memory/" + name, reason: "missing"))
  }

  @Test func `a missing or damaged database is told, never made anew`() throws {
    _ = try host.backend().define(xml: document(1)())
    let database = host.path + "/host.db"
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + suffix) }
    let saved = try Data(contentsOf: URL(fileURLWithPath: database))
    try FileManager.default.removeItem(atPath: database)
    let missing = #expect(throws: BackendError.self) { _ = try host.backend() }
    #expect(missing == .corrupt(file: database, reason: "missing"))
    #expect(!FileManager.default.fileExists(atPath: database))
    for damaged in [Data(saved.prefix(100)), Data(repeating: 7, count: saved.count)] {
      try? FileManager.default.removeItem(atPath: database)
      let made = FileManager.default.createFile(
        atPath: database, contents: damaged, attributes: [.posixPermissions: 0o600])
      #expect(made)
      let error = #expect(throws: BackendError.self) { _ = try host.backend().guests(GuestFilter()) }
      guard case .corrupt? = error else {
        Issue.record("another error: \(String(describing: error))")
        continue
      }
    }
  }

  @Test func `a context that does not belong to the domain's launch is not used`() throws {
    let backend = try host.backend()
    let uuid = try backend.launch(document(1))
    // Another guest takes the handle behind the domain's back.
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    try transaction.load(1)
    try transaction.processor.retire(1)
    let entropy = SystemEntropy()
    let handle = try transaction.processor.launch(
      LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: entropy)
    #expect(handle == 1)
    _ = try transaction.processor.launchMeasure(handle, entropy: entropy)
    try transaction.commit()
    #expect(throws: BackendError.self) { try backend.resume(uuid) }
    try backend.destroy(uuid, graceful: false)
    #expect(try host.processor().platformStatus().guestCount == 1)  // the other one's end is not ours
  }

  @Test func `a held lock ends in a timeout that names it`() throws {
    let backend = try host.backend(timeout: 1)
    let uuid = try backend.launch(document(1))
    let transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    let error = #expect(throws: BackendError.self) { try backend.resume(uuid) }
    guard case .timeout(let operation, 1)? = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(operation.contains("/platform/lock"))
    #expect(try backend.guests(GuestFilter()).count == 1)
    #expect(try backend.sevPlatform().pdh.count == 2084)
    _ = consume transaction
    try backend.resume(uuid)
  }

  @Test func `directories open to others are refused`() throws {
    for name in ["", "/platform", "/memory"] {
      let host = try Host()
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: host.path + name)
      let error = #expect(throws: BackendError.self) {
        let backend = try host.backend()
        try backend.launch(document(1))
      }
      guard case .permission? = error else {
        Issue.record("'\(name)': another error: \(String(describing: error))")
        continue
      }
    }
  }
}
