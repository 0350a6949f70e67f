import Foundation
import StateStore
import Testing

/// Files that have changed on their own. A change is found, or what is read is what was written.
@Suite("Damaged files") struct CorruptionTests {
  private let scratch = Scratch()

  /// A closed store and everything that can be read from it.
  private func filled() throws -> (bytes: [UInt8], contents: String) {
    do {
      let store = try scratch.store()
      try store.fillWithTwins()
      for index in 0..<30 {
        try store.act(record(object: "o\(index)")) { (transaction) throws(StoreError) in
          try transaction.insert(guest("g\(index)"))
        }
      }
    }
    return (scratch.bytes("state.db"), try contents())
  }

  private func contents() throws(StoreError) -> String {
    let store = try StateStore(path: scratch.path, access: .readOnly, at: moment())
    var parts: [Any] = [
      try store.checkAudit(), try store.integrityProblems(), try store.auditEntriesOfEveryTenant(),
    ]
    for tenant in try store.tenants() {
      parts.append(tenant)
      for summary in try store.guests(tenant: tenant.name, uri: uri) {
        parts.append(try store.guest(tenant: tenant.name, uri: uri, uuid: summary.uuid) as Any)
      }
      parts.append(try store.policies(tenant: tenant.name))
      parts.append(try store.launches(tenant: tenant.name))
      parts.append(try store.hostCertificates(tenant: tenant.name))
      parts.append(try store.wrappedKeys(tenant: tenant.name))
    }
    return parts.map { String(describing: $0) }.joined(separator: "\n")
  }

  /// Puts the damaged file in place and reads it all: true if the damage was found.
  private func isFound(_ damaged: [UInt8], expecting contents: String) throws -> Bool {
    try scratch.write(damaged, "state.db")
    try scratch.set(mode: 0o600, "state.db")
    do throws(StoreError) {
      let found = try self.contents()
      #expect(found == contents, "other contents were read without an error")
      return false
    } catch {
      guard case .corrupt(let file, _) = error else {
        Issue.record("\(error)")
        return true
      }
      #expect(file.hasSuffix("/state.db"))
      return true
    }
  }

  @Test(.timeLimit(.minutes(60))) func `any changed byte is found`() throws {
    let (bytes, contents) = try filled()
    var random = Seeded(21)
    let places = Array(0..<100) + (0..<400).map { _ in random.below(bytes.count) }
    for place in places {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(random.below(8))
      #expect(try isFound(damaged, expecting: contents), "byte \(place)")
    }
  }

  @Test(.timeLimit(.minutes(60))) func `a file that is cut short is found`() throws {
    let (bytes, contents) = try filled()
    let pages = bytes.count / 4096
    let lengths =
      [0, 1, 16, 99, 100, 512, 4095] + (1..<pages).map { $0 * 4096 }
      + [1, 8, 9, 100, 2000, 4095].map { bytes.count - $0 }
    for length in lengths {
      #expect(try isFound(Array(bytes[..<length]), expecting: contents), "\(length) bytes")
    }
  }

  @Test(.timeLimit(.minutes(60))) func `pages that are zero, exchanged or another's are found`() throws {
    let (bytes, contents) = try filled()
    let pages = bytes.count / 4096
    for page in 0..<pages {
      let range = page * 4096..<(page + 1) * 4096
      var zero = bytes
      zero.replaceSubrange(range, with: repeatElement(0, count: 4096))
      #expect(try isFound(zero, expecting: contents), "page \(page) zero")
      let other = ((page + 1) % pages) * 4096
      var exchanged = bytes
      exchanged.replaceSubrange(range, with: bytes[other..<other + 4096])
      exchanged.replaceSubrange(other..<other + 4096, with: bytes[range])
      #expect(try isFound(exchanged, expecting: contents), "pages \(page) and \(other / 4096) exchanged")
    }
  }

  @Test(arguments: ["", "text", "SQLite format 3\0", "\0\0\0\0"])
  func `a file of something else is not taken over`(_ text: String) throws {
    let content = Array(text.utf8) + Array(repeating: 0, count: text.isEmpty ? 0 : 5000)
    try scratch.write(content, "state.db")
    try scratch.set(mode: 0o600, "state.db")
    #expect(failure { () throws(StoreError) in try scratch.store() }?.kind == "corrupt")
    #expect(scratch.bytes("state.db") == content)
  }

  /// A store whose process was killed after ten acts: the file as it was made, and a log that holds the acts.
  private func interrupted() async -> (file: [UInt8], log: [UInt8]) {
    let path = scratch.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try StateStore(path: path, at: moment())
      for index in 0..<10 {
        try store.act(record()) { (transaction) throws(StoreError) in
          var large = guest("g\(index)")
          large.definition = String(repeating: "x", count: 5000)
          try transaction.insert(large)
        }
      }
      kill(getpid(), SIGKILL)
    }
    return (scratch.bytes("state.db"), scratch.bytes("state.db-wal"))
  }

  private func put(file: [UInt8], log: [UInt8]) throws {
    try scratch.write(file, "state.db")
    try scratch.write(log, "state.db-wal")
    for name in ["state.db", "state.db-wal"] { try scratch.set(mode: 0o600, name) }
  }

  /// A crash while SQLite moves the log into the file may leave any of these pages half written, the first
  /// included. The log still has them.
  @Test(.timeLimit(.minutes(60))) func `a page that was being moved from the log is read from the log`()
    async throws
  {
    let (file, log) = await interrupted()
    // SQLite's file format, section 4.1: a header of 32 bytes, then frames of 24 bytes, which begin with the
    // page's number (big-endian), and the page.
    let pages = stride(from: 32, to: log.count - 24, by: 24 + 4096).map {
      log[$0..<$0 + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    #expect(pages.contains(1))
    var torn = file
    for page in Set(pages) where page * 4096 <= file.count {
      torn.replaceSubrange(page * 4096 - 2048..<page * 4096, with: repeatElement(0xAA, count: 2048))
    }
    torn += repeatElement(0xAA, count: 1000)  // the next page, begun
    try put(file: torn, log: log)
    let store = try scratch.store()
    #expect(try store.guests(tenant: "default", uri: uri).count == 10)
    #expect(try store.checkAudit() == .intact(count: 11))
    #expect(try store.integrityProblems() == [])
  }

  /// Where the log is damaged SQLite takes it to end there, as after a power cut: the acts up to that place
  /// are there, whole.
  @Test(.timeLimit(.minutes(60))) func `a damaged log gives an earlier state or an error, never another one`()
    async throws
  {
    let (file, log) = await interrupted()
    #expect(log.count > 40_000)
    var random = Seeded(22)
    var seen: Set<Int> = []
    for round in 0..<200 {
      var damaged = log
      if round % 4 == 0 {
        damaged.removeLast(random.below(log.count))
      } else {
        damaged[round < 64 ? round : random.below(log.count)] ^= 1 << UInt8(random.below(8))
      }
      try put(file: file, log: damaged)
      do throws(StoreError) {
        let store = try scratch.store()
        let guests = try store.guests(tenant: "default", uri: uri).map(\.name)
        #expect(guests == (0..<guests.count).map { "g\($0)" })
        let audit = try store.checkAudit()
        #expect(audit == .intact(count: Int64(guests.count) + 1))
        #expect(try store.integrityProblems() == [])
        seen.insert(guests.count)
      } catch { #expect(error.kind == "corrupt", "\(error)") }
    }
    #expect(seen.count > 5)
  }
}
