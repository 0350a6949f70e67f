package import CVMCrypto
import Dispatch
import Glibc
import Synchronization

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
  /// How many records each of the log's keys has signed, by its name.
  package var signed: [String: Int64] = [:]
  /// Records after it: whoever can write the file could have changed them and their hashes.
  package var unsigned: Int64 = 0
}

extension StateReading where Self: ~Copyable {
  /// Compares every record with its hash, its place and its columns, the end of the log with the store's own count, and
  /// the tree over the records with every signed head, whose signature must be of the store's key.
  /// - Parameters:
  ///   - anchors: heads that were kept elsewhere, their signatures checked: only they can show that the log was rolled back or
  ///     written anew together with its key.
  ///   - keys: those that heads must be signed with, each of them, where they are known from elsewhere.
  package borrowing func verifyAudit(
    anchors: [Checkpoint] = [], keys: [VerifierKey]? = nil
  ) throws(StoreError) -> AuditReport {
    try read { (reader) throws(StoreError) in
      let database = reader.database
      // Within a transaction nobody else sees its records.
      let isAlone = database.isInTransaction
      return try database.snapshot { () throws(StoreError) in
        var checker = AuditChecker(database: database, anchors: anchors)
        return try checker.run(keys, isAlone: isAlone)
      }
    }
  }

  package borrowing func checkAudit() throws(StoreError) -> AuditCheck { try verifyAudit().check }
}

private struct AuditChecker {
  let database: Database
  let anchors: [Checkpoint]
  var tree = MerkleTree()
  /// By size; those before `next` are compared.
  var heads: [AuditHeadRow] = []
  var next = 0
  /// Records that a signed head has confirmed.
  var confirmed: Int64 = 0

  init(database: Database, anchors: [Checkpoint]) {
    self.database = database
    self.anchors = anchors
  }

  mutating func run(_ known: [VerifierKey]?, isAlone: Bool) throws(StoreError) -> AuditReport {
    heads = try AuditHeads(database: database).heads()
    let keys = try verifiers(known)
    let bounds = try database.first("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM audit") {
      (row) throws(StoreError) in (try row.integer(0), try row.integer(1))
    }
    let (first, last) = bounds ?? (1, 0)
    guard first >= 1 else {
      return AuditReport(check: .broken(sequence: 1, reason: "it is not the first one"))
    }
    let pieces = try pieces(to: last, keys, isAlone: isAlone)
    for piece in pieces {
      if let problem = try take(piece, last) { return AuditReport(check: problem) }
    }
    if let problem = try problemAtEnd() { return AuditReport(check: problem) }
    if let size = pieces.compactMap({ $0.unsigned.min() }).min() {
      return AuditReport(
        check: .broken(
          sequence: size, reason: "the head that was made after it is not signed by the log's key"))
    }
    let tree = tree
    return AuditReport(
      check: .intact(count: tree.size),
      root: try database.hashed { () throws(CryptoError) in try tree.root() },
      heads: heads.count, newestHead: heads.last?.checkpoint,
      signed: Dictionary(heads.map { ($0.checkpoint.origin, $0.size) }, uniquingKeysWith: max),
      unsigned: tree.size - (heads.last?.size ?? 0))
  }

  private func verifiers(_ known: [VerifierKey]?) throws(StoreError) -> [VerifierKey] {
    if let known { return known }
    let rows = try StoreReader(database: database).auditKeys()
    return try database.hashed { () throws(CryptoError) in
      var keys: [VerifierKey] = []
      for row in rows { keys += try row.verifiers() }
      return keys
    }
  }

  // MARK: Pieces

  /// The log in pieces, in order. More than one are read side by side, on connections of their own: what stands up to
  /// `end` changes no more.
  private func pieces(to end: Int64, _ keys: [VerifierKey], isAlone: Bool) throws(StoreError) -> [AuditPiece]
  {
    let bases = Array(stride(from: 0, to: end, by: Int64.Stride(AuditPiece.records)))
    let checkpoints = Dictionary(heads.map { ($0.size, $0.checkpoint) }, uniquingKeysWith: { $1 })
    let marks = Set(checkpoints.keys).union(anchors.map(\.size))
    let threads = isAlone ? 1 : min(bases.count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let newest = heads.last?.size ?? 0
    guard threads > 1 else {
      var reader = AuditPieceReader(database: database, keys: keys, newest: newest)
      var pieces: [AuditPiece] = []
      for base in bases { pieces.append(try reader.read(behind: base, to: end, checkpoints, marks: marks)) }
      return pieces
    }
    let (directory, patience) = (database.directory, database.patience.limit)
    let work = Mutex<(next: Int, found: [Int: AuditPiece], failure: StoreError?)>((0, [:], nil))
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      do throws(StoreError) {
        let connection = try Database(
          opening: StateStore.fileName, in: directory, access: .readOnly, patience: patience)
        var reader = AuditPieceReader(database: connection, keys: keys, newest: newest)
        while true {
          let index = work.withLock { work in
            work.next += 1
            return work.failure == nil ? work.next - 1 : bases.count
          }
          guard index < bases.count else { return }
          let piece = try reader.read(behind: bases[index], to: end, checkpoints, marks: marks)
          work.withLock { $0.found[index] = piece }
        }
      } catch {
        work.withLock { $0.failure = error }
      }
    }
    let (_, found, failure) = work.withLock { $0 }
    if let failure { throw failure }
    return bases.indices.compactMap { found[$0] }
  }

  /// Puts a piece's tree behind those before it, and compares heads and anchors on the way.
  private mutating func take(_ piece: AuditPiece, _ end: Int64) throws(StoreError) -> AuditCheck? {
    let before = tree
    for size in piece.marks.keys.sorted() {
      guard let mark = piece.marks[size] else { continue }
      tree = try joined(before, mark)
      if let problem = try problemOfHeads() { return problem }
    }
    tree = try joined(before, piece.tree)
    if let problem = piece.problem { return .broken(sequence: tree.size + 1, reason: problem) }
    guard tree.size == min(end, piece.base + AuditPiece.records) else {
      return .broken(sequence: tree.size + 1, reason: "it is missing")
    }
    return nil
  }

  private func joined(_ left: MerkleTree, _ right: MerkleTree) throws(StoreError) -> MerkleTree {
    try database.hashed { () throws(CryptoError) in
      var tree = left
      try tree.append(right)
      return tree
    }
  }
}

// MARK: Heads

extension AuditChecker {
  /// Compares the tree with the head of its size, and with the anchors of this size.
  private mutating func problemOfHeads() throws(StoreError) -> AuditCheck? {
    let tree = tree
    let root = try database.hashed { () throws(CryptoError) in try tree.root() }
    while next < heads.count, heads[next].size < tree.size { next += 1 }
    let head = next < heads.count && heads[next].size == tree.size ? heads[next] : nil
    if let head {
      guard root == head.checkpoint.root, head.tree == tree else { return changed("signed") }
    }
    for anchor in anchors where anchor.size == tree.size {
      guard root == anchor.root else { return changed("anchored") }
    }
    if head != nil { confirmed = tree.size }
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
    if let anchor = anchors.max(by: { $0.size < $1.size }), anchor.size > count {
      return .broken(
        sequence: count + 1,
        reason: "the log ends before record \(anchor.size), which was anchored: it was rolled back")
    }
    return nil
  }
}
