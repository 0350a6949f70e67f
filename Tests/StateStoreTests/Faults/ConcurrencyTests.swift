import Foundation
import StateStore
import Synchronization
import Testing

@Suite("Many at once") struct ConcurrencyTests {
  private let scratch = Scratch()

  /// `count` threads that start together; every error that one of them throws.
  private func threads(_ count: Int, _ body: @escaping @Sendable (Int) throws(StoreError) -> Void)
    -> [StoreError]
  {
    let errors = Mutex<[StoreError]>([])
    DispatchQueue.concurrentPerform(iterations: count) { index in
      do throws(StoreError) { try body(index) } catch { errors.withLock { $0.append(error) } }
    }
    return errors.withLock { $0 }
  }

  private static func addVersions(_ count: Int, to store: StateStore) throws(StoreError) {
    for _ in 0..<count {
      try store.act(record("policy.create")) { (transaction) throws(StoreError) in
        try transaction.addPolicyVersion(name: "p", type: "sev", value: 1)
      }
    }
  }

  private func expect(versions: Int) throws {
    let store = try scratch.store()
    let found = try store.policyVersions(tenant: "default", name: "p").map(\.version)
    #expect(found == (0..<versions).map { Int64($0 + 1) })
    #expect(try store.checkAudit() == .intact(count: Int64(versions) + 1))
    #expect(try store.integrityProblems().isEmpty)
  }

  @Test(.timeLimit(.minutes(60))) func `no update is lost between connections, and no one sees a lock`()
    throws
  {
    let path = scratch.path
    let errors = threads(8) { (_) throws(StoreError) in
      try Self.addVersions(40, to: StateStore(path: path, patience: .seconds(60), at: moment()))
    }
    #expect(errors == [])
    try expect(versions: 320)
  }

  @Test(.timeLimit(.minutes(60))) func `one store serves many threads`() throws {
    let store = try scratch.store()
    let errors = threads(8) { (_) throws(StoreError) in
      try Self.addVersions(40, to: store)
      _ = try store.guests(tenant: "default", uri: uri)
    }
    #expect(errors == [])
    try expect(versions: 320)
  }

  @Test(.timeLimit(.minutes(60))) func `of many who define one name, or one UUID, one succeeds`() throws {
    let path = scratch.path
    let names = threads(16) { (index) throws(StoreError) in
      let store = try StateStore(path: path, patience: .seconds(60), at: moment())
      try store.act(record()) { (transaction) throws(StoreError) in
        try transaction.insert(guest("web", uuid: "\(index)"))
      }
    }
    #expect(names.map(\.kind) == Array(repeating: "exists", count: 15))
    let uuids = threads(16) { (index) throws(StoreError) in
      let store = try StateStore(path: path, patience: .seconds(60), at: moment())
      try store.act(record()) { (transaction) throws(StoreError) in
        try transaction.insert(guest("web\(index)", uuid: "one"))
      }
    }
    #expect(uuids.map(\.kind) == Array(repeating: "exists", count: 15))
    #expect(try scratch.store().guests(tenant: "default", uri: uri).count == 2)
  }

  @Test(.timeLimit(.minutes(60))) func `processes make one store together and lose nothing`() async throws {
    let path = scratch.path
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String] in
            let store = try StateStore(path: path, patience: .seconds(60), at: moment())
            for _ in 0..<40 {
              try store.act(record("policy.create")) { (transaction) throws(StoreError) in
                try transaction.addPolicyVersion(name: "p", type: "sev", value: 1)
              }
              _ = try store.policies(tenant: "default")
            }
          }
        }
      }
    }
    try expect(versions: 160)
  }
}
