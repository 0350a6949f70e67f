import Bytes
package import CVMCrypto

/// What reading the whole log again has found.
package enum AuditCheck: Equatable, Sendable {
  /// Every record is as it was written; `count` of them.
  case intact(count: Int64)
  /// The first record that is not, by its place (from 1), and what is wrong with it.
  case broken(sequence: Int64, reason: String)
}

/// What a check of the log has seen.
package struct AuditReport: Sendable {
  package var check: AuditCheck
  /// The root over all records, where they are intact.
  package var root: TreeHash?
  /// Signed heads that were compared.
  package var heads = 0
  /// The newest of them.
  package var newestHead: Checkpoint?
  /// Records after it: whoever can write the file could have changed them and their hashes.
  package var unsigned: Int64 = 0
}

extension StateReading where Self: ~Copyable {
  /// Compares every record with its hash, its place and its columns, the end of the log with the store's own count, and
  /// the tree over the records with every signed head, whose signature must be of the store's key.
  /// - Parameters:
  ///   - anchor: a head that was kept elsewhere, its signature checked: only it can show that the log was rolled back or
  ///     written anew together with its key.
  ///   - key: the only key that heads may be signed with, where it is known from elsewhere.
  package borrowing func verifyAudit(
    anchor: Checkpoint? = nil, key: VerifierKey? = nil
  ) throws(StoreError) -> AuditReport {
    try read { (reader) throws(StoreError) in
      let database = reader.database
      return try database.snapshot { () throws(StoreError) in
        var checker = AuditChecker(database: database, anchor: anchor)
        return try checker.run(key)
      }
    }
  }

  package borrowing func checkAudit() throws(StoreError) -> AuditCheck { try verifyAudit().check }
}

private struct AuditChecker {
  let database: Database
  let anchor: Checkpoint?
  var columns = AuditColumns()
  var tree = MerkleTree()
  /// What the tree must be at sizes that are still to come, smallest first from `next` on.
  var heads: [AuditHeadRow] = []
  var next = 0
  /// Records that a signed head has confirmed.
  var confirmed: Int64 = 0
  var problem: AuditCheck?

  init(database: Database, anchor: Checkpoint?) {
    self.database = database
    self.anchor = anchor
  }

  mutating func run(_ key: VerifierKey?) throws(StoreError) -> AuditReport {
    heads = try AuditHeads(database: database).heads()
    try readRecords()
    if problem == nil { problem = try problemAtEnd() }
    if problem == nil { problem = try problemOfSignatures(key) }
    if let problem { return AuditReport(check: problem) }
    return AuditReport(
      check: .intact(count: tree.size),
      root: try database.hashed { () throws(CryptoError) in try tree.root() },
      heads: heads.count, newestHead: heads.last?.checkpoint, unsigned: tree.size - (heads.last?.size ?? 0))
  }

  private mutating func readRecords() throws(StoreError) {
    var checker = self
    try database.visit(
      """
      SELECT record, leaf_hash, seq, time, tenant, actor, act, object, phase, attempt, outcome
      FROM audit ORDER BY seq
      """
    ) { (row) throws(StoreError) in
      let sequence = checker.tree.size + 1
      if let reason = try checker.problem(row, expected: sequence) {
        checker.problem = .broken(sequence: sequence, reason: reason)
      } else {
        checker.problem = try checker.problemOfHeads()
      }
      return checker.problem == nil
    }
    self = checker
  }

  /// What is wrong with a record; appends it to the tree if nothing is.
  private mutating func problem(_ row: borrowing Row, expected: Int64) throws(StoreError) -> String? {
    guard try row.integer(2) == expected else { return "it is missing" }
    let database = database
    var columns = columns
    let (leaf, fits) = try row.withBlob(0) { (record) throws(StoreError) in
      (
        try database.hashed { () throws(CryptoError) in try TreeHash.leaf(record) },
        unsafe try columns.fit(record, row, first: 2)
      )
    }
    self.columns = columns
    guard try row.withBlob(1, { (hash) throws(StoreError) in TreeHash(hash) }) == leaf else {
      return "it does not fit its hash"
    }
    if !fits, let reason = try decodedProblem(row, expected) { return reason }
    try database.hashed { () throws(CryptoError) in try tree.append(leaf) }
    return nil
  }

  /// The long way, for a record with text that JSON escapes, and for what exactly is wrong.
  private func decodedProblem(_ row: borrowing Row, _ expected: Int64) throws(StoreError) -> String? {
    guard let entry = AuditEncoding.decode(try row.blob(0), leafHash: try row.blob(1)) else {
      return "it is not in canonical form"
    }
    guard entry.sequence == expected else { return "it says that it is record \(entry.sequence)" }
    return try fits(entry, row) ? nil : "its columns say something else"
  }

  private func fits(_ entry: AuditEntry, _ row: borrowing Row) throws(StoreError) -> Bool {
    let record = entry.record
    let texts = [record.tenant, record.actor, record.act, record.object, entry.phase.rawValue]
    for (index, text) in texts.enumerated() {
      guard try row.text(4 + index).utf8.elementsEqual(text.utf8) else { return false }
    }
    guard try row.optionalInteger(9) == entry.attempt, try row.text(10) == entry.outcome else { return false }
    return try row.time(3).description == record.time.description
  }
}

// MARK: Heads

extension AuditChecker {
  /// Compares the tree with the head of its size, and with the anchor if it is of this size.
  private mutating func problemOfHeads() throws(StoreError) -> AuditCheck? {
    let tree = tree
    if next < heads.count, heads[next].size == tree.size {
      let head = heads[next]
      next += 1
      let root = try database.hashed { () throws(CryptoError) in try tree.root() }
      guard root == head.checkpoint.root, head.tree == tree else { return changed("signed") }
    }
    if let anchor, anchor.size == tree.size {
      let root = try database.hashed { () throws(CryptoError) in try tree.root() }
      guard root == anchor.root else { return changed("anchored") }
    }
    if next > 0, heads[next - 1].size == tree.size { confirmed = tree.size }
    return nil
  }

  private func changed(_ how: String) -> AuditCheck {
    let first = confirmed + 1
    let which = first == tree.size ? "it is" : "it, or one up to \(tree.size), is"
    return .broken(sequence: first, reason: "\(which) not the record that was \(how)")
  }

  private func problemAtEnd() throws(StoreError) -> AuditCheck? {
    let count = tree.size
    let last = try database.first(
      "SELECT seq FROM sqlite_sequence WHERE name = 'audit'"
    ) { (row) throws(StoreError) in try row.integer(0) }
    guard (last ?? 0) == count else {
      return .broken(sequence: count + 1, reason: "the log ends before record \(last ?? 0)")
    }
    if let newest = heads.last, newest.size > count {
      return .broken(
        sequence: count + 1, reason: "the log ends before record \(newest.size), which was signed")
    }
    if let anchor, anchor.size > count {
      return .broken(
        sequence: count + 1,
        reason: "the log ends before record \(anchor.size), which was anchored: it was rolled back")
    }
    return nil
  }

  private func problemOfSignatures(_ key: VerifierKey?) throws(StoreError) -> AuditCheck? {
    let keys = try StoreReader(database: database).auditKeys()
    for head in heads {
      let isSigned = try database.hashed { () throws(CryptoError) in
        if let key { try head.checkpoint.isSigned(by: key) } else { try head.isSigned(by: keys) }
      }
      guard isSigned else {
        return .broken(
          sequence: head.size, reason: "the head that was made after it is not signed by the log's key")
      }
    }
    return nil
  }
}
