import Bytes
import CVMCrypto

/// A piece of the log as one reader has found it: the log is checked in pieces, by one thread a processor.
struct AuditPiece {
  /// Records of a piece: a power of two, so that the trees over pieces make up the tree over all.
  static let records: Int64 = 1 << 16

  /// Records before it, a multiple of `records`.
  let base: Int64
  /// Over its records.
  var tree = MerkleTree()
  /// Its tree at the sizes of the log that were asked for.
  var marks: [Int64: MerkleTree] = [:]
  /// Sizes whose heads the log's key has not signed.
  var unsigned: Set<Int64> = []
  /// What is wrong with the record after `tree`.
  var problem: String?
}

/// Reads pieces on a connection.
struct AuditPieceReader {
  let database: Database
  /// What heads must be signed with.
  let keys: [VerifierKey]
  /// The size of the newest head, whose composite signature stands for all records before it.
  let newest: Int64
  private var columns = AuditColumns()

  init(database: Database, keys: [VerifierKey], newest: Int64) {
    self.database = database
    self.keys = keys
    self.newest = newest
  }

  /// Reads the records behind `base`, at most up to `end`.
  mutating func read(
    behind base: Int64, to end: Int64, _ heads: [Int64: Checkpoint], marks: Set<Int64>
  ) throws(StoreError) -> AuditPiece {
    var piece = AuditPiece(base: base)
    var reader = self
    try database.visit(
      """
      SELECT record, leaf_hash, seq, time, tenant, actor, act, object, phase, attempt, outcome
      FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq
      """, [.integer(base), .integer(min(end, base + AuditPiece.records))]
    ) { (row) throws(StoreError) in
      piece.problem = try reader.problem(row, &piece)
      let size = base + piece.tree.size
      if piece.problem == nil, marks.contains(size) { piece.marks[size] = piece.tree }
      if piece.problem == nil, let head = heads[size], try !reader.isSigned(head) {
        piece.unsigned.insert(size)
      }
      return piece.problem == nil
    }
    return piece
  }

  private func isSigned(_ head: Checkpoint) throws(StoreError) -> Bool {
    try database.hashed { () throws(CryptoError) in
      try head.isSigned(by: keys, composite: head.size == newest)
    }
  }

  /// What is wrong with a record; appends it to the tree if nothing is.
  private mutating func problem(_ row: borrowing Row, _ piece: inout AuditPiece) throws(StoreError) -> String?
  {
    let expected = piece.base + piece.tree.size + 1
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
    guard let stored = try row.withBlob(1, { (hash) throws(StoreError) in TreeHash(hash) }), stored == leaf
    else {
      return "it does not fit its hash"
    }
    if !fits, let reason = try decodedProblem(row, expected) { return reason }
    try database.hashed { () throws(CryptoError) in try piece.tree.append(leaf) }
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
