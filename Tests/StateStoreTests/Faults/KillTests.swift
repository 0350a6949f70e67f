import Foundation
import StateStore
import Testing

/// Processes that die at some moment, by SIGKILL from a thread of their own.
@Suite("Killed processes", .serialized) struct KillTests {
  private let scratch = Scratch()

  @Test(.timeLimit(.minutes(60)), arguments: 0..<12)
  func `what was acknowledged is there, the rest is whole or absent`(_ round: Int) async throws {
    let (path, acknowledged) = (scratch.path, scratch.path + "/acknowledged")
    let delay = Seeded.delay(round, upTo: 60_000)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, acknowledged = acknowledged as String, delay = delay as UInt32] in
      let file = unsafe open(acknowledged, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      let store = try StateStore(path: path, at: moment())
      dieAfter(delay)
      while true {
        try store.act(record("policy.create")) { (transaction) throws(StoreError) in
          try transaction.addPolicyVersion(name: "p", type: "sev", value: 1)
          try transaction.insert(guest(String(try transaction.auditEntries(tenant: "default").count)))
        }
        _ = unsafe write(file, "x", 1)
      }
    }
    let store = try scratch.store()
    let versions = try store.policyVersions(tenant: "default", name: "p").count
    #expect(versions >= scratch.bytes("acknowledged").count)
    #expect(try store.guests(tenant: "default", uri: uri).count == versions)
    #expect(try store.checkAudit() == .intact(count: Int64(versions) + 1))
    #expect(try store.integrityProblems().isEmpty)
  }

  @Test(.timeLimit(.minutes(60)), arguments: 0..<12)
  func `a store that was being made is made by the next`(_ round: Int) async throws {
    let path = scratch.path
    let delay = Seeded.delay(100 + round, upTo: 6000)
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as UInt32] in
      dieAfter(delay)
      _ = try? StateStore(path: path, at: moment())
      while true { usleep(1000) }
    }
    let store = try scratch.store()
    #expect(try store.checkAudit() == .intact(count: 1))
    let left = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains(".new") }
    #expect(left == [])
  }

  @Test(.timeLimit(.minutes(60))) func `a lock dies with its holder`() async throws {
    let path = scratch.path
    do { _ = try scratch.store() }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try StateStore(path: path, at: moment())
      try store.act(record()) { (_) throws(StoreError) in kill(getpid(), SIGKILL) }
    }
    let store = try scratch.store(patience: .milliseconds(100))
    try store.act(record()) { (_) throws(StoreError) in }
    #expect(try store.checkAudit() == .intact(count: 2))
  }
}

/// Ends this process by SIGKILL after some microseconds.
private func dieAfter(_ microseconds: UInt32) {
  Thread.detachNewThread {
    usleep(microseconds)
    kill(getpid(), SIGKILL)
  }
}

extension Seeded {
  fileprivate static func delay(_ round: Int, upTo limit: Int) -> UInt32 {
    var random = Seeded(UInt64(round))
    return UInt32(random.below(limit))
  }
}
