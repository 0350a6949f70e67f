import Bytes
import Glibc
import StateStore
import Vault

/// One thing that `state check` looks at.
package struct StateCheckRow: Encodable, Equatable, Sendable {
  package enum Outcome: String, Encodable, Sendable {
    case good
    case bad
    /// Not looked at, for something before it is bad.
    case skipped
  }

  package let check: String
  package let outcome: Outcome
  /// What was looked at; what is wrong with it.
  package let detail: String
  package let simulated = false
}

extension Core {
  /// Looks at everything in the state directory and changes nothing. `.store(.absent)` without a state.
  package func checkState() throws(CoreError) -> [StateCheckRow] {
    try requireOperator("check the state")
    var status = stat()
    guard unsafe lstat(stateDirectory, &status) == 0 else { throw .store(.absent(path: stateDirectory)) }
    var rows = StateFiles(stateDirectory).rows()
    let store: StateStore
    do throws(StoreError) {
      store = try StateStore(
        path: stateDirectory, access: .readOnly, patience: .seconds(timeout), at: Timestamp.now())
    } catch {
      switch error {
      case .corrupt, .permission: break
      default: throw .store(error)  // busy, or of another version of cvmctl: nothing is wrong with it
      }
      rows.append(StateCheckRow(check: "database", outcome: .bad, detail: error.summary))
      return rows
        + ["envelopes", "audit log", "root key"].map {
          StateCheckRow(check: $0, outcome: .skipped, detail: "the database does not open")
        }
    }
    return rows + [
      Self.row("database") { () throws(StoreError) in
        let problems = try store.integrityProblems()
        return (problems.isEmpty, problems.first ?? "pages, indexes and references are whole")
      },
      Self.row("envelopes") { () throws(StoreError) in try Self.envelopes(of: store) },
      Self.row("audit log") { () throws(StoreError) in
        switch try store.checkAudit() {
        case .intact(let count): (true, "\(count) records, all intact")
        case .broken(let sequence, let reason): (false, "record \(sequence): \(reason)")
        }
      },
      Self.row("root key") { () throws(StoreError) in try rootKey(of: store) },
    ]
  }

  private static func row(
    _ name: String, _ body: () throws(StoreError) -> (isGood: Bool, detail: String)
  ) -> StateCheckRow {
    do throws(StoreError) {
      let (isGood, detail) = try body()
      return StateCheckRow(check: name, outcome: isGood ? .good : .bad, detail: detail)
    } catch {
      return StateCheckRow(check: name, outcome: .bad, detail: error.summary)
    }
  }

  /// Each one's form, and that what has sealed it is there.
  private static func envelopes(of store: StateStore) throws(StoreError) -> (Bool, String) {
    let envelopes = try store.envelopes()
    var keks: Set<String> = []
    for envelope in envelopes where envelope.object == Vault.kekObject {
      keks.insert("\(envelope.tenant)/\(envelope.version)")
    }
    for envelope in envelopes {
      let name = envelope.tenant.isEmpty ? envelope.object : "\(envelope.object) of \(envelope.tenant)"
      let parsed: Envelope
      do { parsed = try Envelope(parsing: envelope.bytes) } catch {
        return (false, "\(name): \(error.summary)")
      }
      let isOfRoot = envelope.tenant.isEmpty || envelope.object == Vault.kekObject
      guard isOfRoot ? parsed.kekVersion == 0 : keks.contains("\(envelope.tenant)/\(parsed.kekVersion)")
      else {
        return (false, "\(name): sealed by key \(parsed.kekVersion), which is not there")
      }
    }
    return (true, "\(envelopes.count) envelopes, all well-formed")
  }

  private func rootKey(of store: StateStore) throws(StoreError) -> (Bool, String) {
    do throws(VaultError) {
      let stored = try SealedVault(
        of: store, create: false, patience: .zero, settles: false)?.stored()
      if let stored { return (true, "sealed by \(stored.kind.words)") }
    } catch {
      return (false, error.summary)
    }
    return try store.hasWrappedKeys()
      ? (false, "missing, though keys hang from it") : (true, "none yet: the first key makes it")
  }
}

/// Modes, owners and what does not belong there.
private struct StateFiles {
  private let root: String
  private var open: [String] = []
  private var left: [String] = []
  private var count = 0

  init(_ root: String) {
    self.root = root
    check("", depth: 0)
  }

  func rows() -> [StateCheckRow] {
    [
      StateCheckRow(
        check: "files", outcome: open.isEmpty ? .good : .bad,
        detail: open.first.map { $0 + (open.count > 1 ? ", and \(open.count - 1) more" : "") }
          ?? "\(count) files and directories, closed to others"),
      StateCheckRow(
        check: "leftovers", outcome: left.isEmpty ? .good : .bad,
        detail: left.isEmpty ? "none" : left.joined(separator: ", ")),
    ]
  }

  private mutating func check(_ name: String, depth: Int) {
    let path = name.isEmpty ? root : "\(root)/\(name)"
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }  // gone meanwhile
    count += 1
    let kind = status.st_mode & S_IFMT
    if status.st_uid != geteuid() {
      open.append("\(path) belongs to user \(status.st_uid)")
    } else if kind != S_IFDIR && kind != S_IFREG && kind != S_IFSOCK {
      open.append("\(path) is no regular file")
    } else if kind != S_IFSOCK && status.st_mode & 0o077 != 0 {
      open.append("\(path) is open to other users")
    } else if kind == S_IFREG && status.st_nlink != 1 {
      open.append("\(path) has \(status.st_nlink) names")
    }
    if isLeftover(name, kind) { left.append(path) }
    guard kind == S_IFDIR, depth < 8, let stream = unsafe opendir(path) else { return }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let child = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if child != "." && child != ".." { names.append(child) }
    }
    for child in names.sorted() { check(name.isEmpty ? child : "\(name)/\(child)", depth: depth + 1) }
  }

  /// What a process that was killed leaves, and the next one clears away.
  private func isLeftover(_ name: String, _ kind: mode_t) -> Bool {
    let file = name.split(separator: "/").last.map(String.init) ?? ""
    return file.hasSuffix(PrivateDirectory.draftSuffix) || file.hasSuffix(".next") || file == "temporary"
      || file.hasPrefix("agent.sock.") || file.hasPrefix(StateCopy.name)
  }
}
