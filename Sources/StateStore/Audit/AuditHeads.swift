import Bytes
import CVMCrypto

/// A signed head as it is stored.
struct AuditHeadRow {
  let size: Int64
  let madeAt: Timestamp
  let tree: MerkleTree
  let checkpoint: Checkpoint

  /// Nil where the columns cannot belong together.
  init?(size: Int64, madeAt: Timestamp, edge: [UInt8], note: [UInt8]) {
    let hashes = stride(from: 0, to: edge.count, by: TreeHash.size).map {
      TreeHash(edge[$0..<min($0 + TreeHash.size, edge.count)])
    }
    guard !hashes.contains(nil), let tree = MerkleTree(size: size, edge: hashes.compactMap { $0 }),
      let checkpoint = try? Checkpoint(parsing: note), checkpoint.size == size
    else { return nil }
    self.size = size
    self.madeAt = madeAt
    self.tree = tree
    self.checkpoint = checkpoint
  }
}

/// Signs heads of the log, within the caller's transaction.
struct AuditHeads {
  let database: Database

  /// A head is due after so many records, or after the first record that comes so long after the last head.
  static let records: Int64 = 1000
  static let microseconds: Int64 = 60_000_000

  func isDue(at now: Timestamp) throws(StoreError) -> Bool {
    let last = try database.first("SELECT size, made_at FROM audit_head ORDER BY size DESC LIMIT 1") {
      (row) throws(StoreError) in (try row.integer(0), try row.time(1))
    }
    let size = try database.first("SELECT coalesce(max(seq), 0) FROM audit") { (row) throws(StoreError) in
      try row.integer(0)
    }
    if (size ?? 0) - (last?.0 ?? 0) >= Self.records { return true }
    let since =
      if let last { last.1 } else {
        try database.first("SELECT time FROM audit WHERE seq = 1") { (row) throws(StoreError) in
          try row.time(0)
        }
      }
    // Either way: a clock that was set back does not put heads off.
    return abs(now.microseconds - (since ?? now).microseconds) >= Self.microseconds
  }

  /// The head of the log as it is now: the newest one, where no record came after it. `.corrupt` where the last head or
  /// the records after it are not as they were written; `.conflict` for a key that another one has replaced.
  func make(by signer: AuditSigner, at now: Timestamp) throws(StoreError) -> Checkpoint {
    if let newest = try StoreReader(database: database).auditKeys().last, newest.origin != signer.origin {
      throw .conflict(kind: "audit key", name: signer.origin, reason: "was replaced meanwhile")
    }
    var tree = MerkleTree()
    if let last = try newest() {
      guard try isAuthentic(last) else {
        throw .corrupt(file: database.file, reason: "the newest head of the audit log is not authentic")
      }
      tree = last.tree
    }
    let known = tree.size
    try database.visit("SELECT seq, leaf_hash FROM audit WHERE seq > ? ORDER BY seq", [.integer(known)]) {
      (row) throws(StoreError) in
      guard try row.integer(0) == tree.size + 1, let leaf = TreeHash(try row.blob(1)) else {
        throw .corrupt(file: database.file, reason: "audit record \(tree.size + 1) is missing")
      }
      try database.hashed { () throws(CryptoError) in try tree.append(leaf) }
      return true
    }
    if tree.size == known, let last = try newest() { return last.checkpoint }
    let checkpoint = try database.hashed { () throws(CryptoError) in
      var checkpoint = Checkpoint(origin: signer.origin, size: tree.size, root: try tree.root())
      try checkpoint.sign(with: signer)
      return checkpoint
    }
    try database.run(
      "INSERT INTO audit_head (size, made_at, edge, note) VALUES (?, ?, ?, ?)",
      [
        .integer(tree.size), .integer(now.microseconds), .blob(tree.edge.flatMap(\.bytes)),
        .blob(Array(checkpoint.text.utf8)),
      ])
    return checkpoint
  }

  /// Heads by size, from one on.
  func heads(after size: Int64 = 0) throws(StoreError) -> [AuditHeadRow] {
    try database.rows(
      "SELECT size, made_at, edge, note FROM audit_head WHERE size > ? ORDER BY size", [.integer(size)],
      AuditHeadRow.read)
  }

  func newest() throws(StoreError) -> AuditHeadRow? {
    try database.first(
      "SELECT size, made_at, edge, note FROM audit_head ORDER BY size DESC LIMIT 1", [], AuditHeadRow.read)
  }

  /// Whether one of the log's keys has signed this head, over the tree that stands beside it.
  func isAuthentic(_ head: AuditHeadRow) throws(StoreError) -> Bool {
    let keys = try StoreReader(database: database).auditKeys()
    return try database.hashed { () throws(CryptoError) in
      guard try head.tree.root() == head.checkpoint.root else { return false }
      return try head.isSigned(by: keys)
    }
  }
}

extension AuditHeadRow {
  fileprivate static func read(_ row: borrowing Row) throws(StoreError) -> AuditHeadRow {
    guard
      let head = AuditHeadRow(
        size: try row.integer(0), madeAt: try row.time(1), edge: try row.blob(2), note: try row.blob(3))
    else { throw row.damage(3) }
    return head
  }

  /// Whether the key whose log it is has signed it.
  func isSigned(by keys: [AuditKeyRow]) throws(CryptoError) -> Bool {
    var verifiers: [VerifierKey] = []
    for key in keys where key.origin == checkpoint.origin { verifiers += try key.verifiers() }
    return try checkpoint.isSigned(by: verifiers)
  }
}

extension StateReading where Self: ~Copyable {
  /// The newest signed head, as it is stored; nil without one.
  package borrowing func newestHead() throws(StoreError) -> Checkpoint? {
    try read { (reader) throws(StoreError) in
      try AuditHeads(database: reader.database).newest()?.checkpoint
    }
  }

  /// The proof that a record stands in the log, by the newest signed head. Nil for a record that no head covers.
  package borrowing func proof(ofRecord sequence: Int64) throws(StoreError) -> RecordProof? {
    try read { (reader) throws(StoreError) in
      let database = reader.database
      return try database.snapshot { () throws(StoreError) in
        guard let head = try AuditHeads(database: database).newest(), (1...head.size).contains(sequence),
          let index = Int(exactly: sequence - 1)
        else { return nil }
        let leaves = try database.rows(
          "SELECT leaf_hash FROM audit WHERE seq <= ? ORDER BY seq", [.integer(head.size)]
        ) { (row) throws(StoreError) in
          guard let leaf = TreeHash(try row.blob(0)) else { throw row.damage(0) }
          return leaf
        }
        let path = try database.hashed { () throws(CryptoError) in
          try MerkleTree.root(leaves) == head.checkpoint.root
            ? try MerkleProof.inclusion(of: index, in: leaves) : nil
        }
        guard let path else {
          throw StoreError.corrupt(
            file: database.file, reason: "the audit log does not fit its newest signed head")
        }
        return RecordProof(index: sequence - 1, path: path, checkpoint: head.checkpoint)
      }
    }
  }

  /// The proof that the log of a head begins with that of an older one; nil where the log has not all of its records, or does
  /// not fit one of them.
  package borrowing func proof(
    from old: Checkpoint, to new: Checkpoint
  ) throws(StoreError) -> ConsistencyProof? {
    try read { (reader) throws(StoreError) in
      let database = reader.database
      guard let count = Int(exactly: old.size), let size = Int(exactly: new.size), count >= 1, count <= size
      else { return nil }
      let leaves = try database.rows(
        "SELECT leaf_hash FROM audit WHERE seq <= ? ORDER BY seq", [.integer(new.size)]
      ) { (row) throws(StoreError) in
        guard let leaf = TreeHash(try row.blob(0)) else { throw row.damage(0) }
        return leaf
      }
      guard leaves.count == size else { return nil }
      return try database.hashed { () throws(CryptoError) in
        guard let path = try MerkleProof.consistency(of: count, in: leaves) else { return nil }
        let proof = ConsistencyProof(oldSize: old.size, path: path, checkpoint: new)
        guard try MerkleTree.root(leaves) == new.root, try proof.proves(old) else { return nil }
        return proof
      }
    }
  }
}

extension Database {
  /// Runs arithmetic of the log, its errors as the store's.
  func hashed<R>(_ body: () throws(CryptoError) -> R) throws(StoreError) -> R {
    do { return try body() } catch { throw .failed(file: file, reason: error.summary) }
  }
}
