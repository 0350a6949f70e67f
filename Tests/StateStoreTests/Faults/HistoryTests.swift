import Documents
import Foundation
import StateStore
import Synchronization
import Testing

/// Many writers at once, their history held against a model: the log says in which order the acts happened, and in that order
/// each of them must have done what it says.
@Suite("A history of many writers") struct HistoryTests {
  private static let writers = 16
  private static let operations = 500
  private static let names = ["a", "b", "c"]

  private let scratch = Scratch()

  /// What a writer did, as it saw it.
  private enum Act: Equatable, Sendable {
    case insert(String)
    /// The revision that it had read.
    case update(String, revision: Int64)
    case delete(String)
  }

  @Test(.timeLimit(.minutes(60))) func `is one that a single writer could have made`() throws {
    let done = Mutex<[Int64: Act]>([:])
    let errors = Mutex<[StoreError]>([])
    let path = scratch.path
    let group = DispatchGroup()
    for writer in 0..<Int64(Self.writers) {
      group.enter()
      Thread.detachNewThread {
        do throws(StoreError) {
          let acts = try Self.write(writer, at: path)
          done.withLock { $0.merge(acts) { first, _ in first } }
        } catch {
          errors.withLock { $0.append(error) }
        }
        group.leave()
      }
    }
    group.wait()
    #expect(errors.withLock { $0 } == [])
    try expectOrder(of: done.withLock { $0 })
  }

  /// Acts at random; those that succeeded, by the number in their record.
  private static func write(
    _ writer: Int64, at path: String
  ) throws(StoreError) -> [Int64: Act] {
    let store = try StateStore(path: path, patience: .seconds(120), at: moment())
    var random = Seeded(UInt64(writer) + 1)
    var done: [Int64: Act] = [:]
    for number in 0..<Int64(operations) {
      let id = writer * 10_000 + number
      let name = names[Int(random.next() % UInt64(names.count))]
      if let act = try Self.act(on: name, id, random.next() % 8, in: store) { done[id] = act }
    }
    return done
  }

  /// One act on what was read before; nil where somebody else came first.
  private static func act(
    on name: String, _ id: Int64, _ choice: UInt64, in store: StateStore
  ) throws(StoreError) -> Act? {
    let found = try store.guest(tenant: StateStore.defaultTenant, uri: uri, name: name)
    let record = StateStoreTests.record(object: name, detail: ["id": .integer(id)])
    do throws(StoreError) {
      guard let found else {
        try store.act(record) { (transaction) throws(StoreError) in try transaction.insert(guest(name)) }
        return .insert(name)
      }
      guard choice > 0 else {
        try store.act(record) { (transaction) throws(StoreError) in
          try transaction.deleteGuest(uri: uri, uuid: found.summary.uuid)
        }
        return .delete(name)
      }
      let revision = try store.act(record) { (transaction) throws(StoreError) in
        try transaction.update(guest(name), revision: found.revision)
      }
      return revision == found.revision + 1 ? .update(name, revision: found.revision) : nil
    } catch {
      guard ["exists", "conflict", "notFound"].contains(error.kind) else { throw error }
      return nil
    }
  }

  private func expectOrder(of done: [Int64: Act]) throws {
    let store = try scratch.store()
    var model: [String: Int64] = [:]
    var seen = 0
    for entry in try store.auditEntries(tenant: StateStore.defaultTenant) where entry.outcome == "done" {
      guard case .integer(let id)? = entry.record.detail["id"] else { continue }
      seen += 1
      switch done[id] {
      case .insert(let name):
        #expect(model.updateValue(1, forKey: name) == nil, "\(entry.sequence)")
      case .update(let name, let revision):
        #expect(model.updateValue(revision + 1, forKey: name) == revision, "\(entry.sequence)")
      case .delete(let name):
        #expect(model.removeValue(forKey: name) != nil, "\(entry.sequence)")
      case nil: Issue.record("the log has act \(id), which its writer was told had failed")
      }
    }
    #expect(seen == done.count && done.count > Self.operations)
    for name in Self.names {
      #expect(
        try store.guest(tenant: StateStore.defaultTenant, uri: uri, name: name)?.revision == model[name])
    }
    #expect(try store.verifyAudit().check == .intact(count: Int64(Self.writers * Self.operations) + 1))
    #expect(try store.integrityProblems().isEmpty)
  }
}
