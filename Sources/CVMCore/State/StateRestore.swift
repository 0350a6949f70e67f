import Bytes
import CLinux
import CVMCrypto
import Documents
import Glibc
import StateStore
import Vault

/// Puts a backup in the place of a state directory. Everything is made and recorded beside it first: killed anywhere, the place
/// has what it had, or all of the backup.
package enum StateRestore {
  /// - Parameter replacing: a state that is there is set aside; otherwise it is in the way.
  package static func run(
    _ path: String, to directory: String, replacing: Bool, timeout: Int
  ) throws(CoreError) -> StateBackup {
    let archive = try BackupArchive(opening: path)
    let place = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    let isThere = try isTaken(place)
    guard !isThere || replacing else {
      throw .conflict(
        "\(place) holds a state already", hint: "name another --state-dir, or set this one aside with --force"
      )
    }
    let draft = draft(of: place)
    removeDraft(draft)
    try OutputFile.requireAbsent(draft)
    do throws(CoreError) {
      let (records, rootKey) = try fill(draft, from: archive, timeout)
      let replaced = try put(draft, to: place, isThere: isThere)
      return StateBackup(
        file: path, directory: place,
        madeAt: (Timestamp(seconds: Int64(archive.madeAt)) ?? .epoch).description,
        databaseSize: archive.members.first?.size ?? 0,
        databaseSha256: Hex.encode(archive.members.first?.sha256 ?? []), rootKey: rootKey, records: records,
        replaced: replaced)
    } catch {
      removeDraft(draft)
      throw error
    }
  }

  /// A hidden directory beside it: nobody's state.
  private static func draft(of place: String) -> String {
    let name = place.split(separator: "/").last ?? "state"
    return place.dropLast(name.count) + ".\(name).restoring"
  }

  /// Whether there is something in the directory.
  private static func isTaken(_ path: String) throws(CoreError) -> Bool {
    guard let stream = unsafe opendir(path) else {
      if errno == ENOENT { return false }
      throw .file(path: path, .unreadable(errno: errno))
    }
    defer { unsafe closedir(stream) }
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .store(.permission(path: path, reason: "is a symbolic link", remedy: nil))
    }
    while let entry = unsafe readdir(stream) {
      let first = unsafe entry.pointee.d_name
      // `.` and `..` alone begin so in an empty directory; a state has no hidden files.
      if first.0 != CChar(bitPattern: UInt8(ascii: ".")) { return true }
    }
    return false
  }

  /// The members in a directory of their own, and the store's record of it.
  private static func fill(
    _ draft: String, from archive: BackupArchive, _ timeout: Int
  ) throws(CoreError) -> (records: Int64, rootKey: String?) {
    do throws(StoreError) { _ = try PrivateDirectory(draft, create: true) } catch { throw .store(error) }
    for member in archive.members {
      if member.name == BackupArchive.rootKey, unsafe mkdir(draft + "/vault", 0o700) != 0 {
        throw .file(path: draft, .unwritable(errno: errno))
      }
      try extract(member, of: archive, to: "\(draft)/\(member.name)")
    }
    let now = Timestamp.now()
    do throws(StoreError) {
      let store = try StateStore(path: draft, patience: .seconds(timeout), at: now)
      let record = AuditRecord(
        time: now, tenant: "", actor: Actor.operator.name, act: "state.restore", object: "state",
        detail: [
          "sha256": .string(Hex.encode(archive.members.first?.sha256 ?? [])),
          "madeAt": .string((Timestamp(seconds: Int64(archive.madeAt)) ?? .epoch).description),
        ])
      try store.act(record) { (_) throws(StoreError) in }
      try store.checkpoint()
      let kind: SealKind?
      do throws(VaultError) {
        kind = try SealedVault(of: store, create: false, patience: .seconds(timeout))?.stored()?.kind
      } catch {
        throw .corrupt(file: archive.path, reason: error.summary)
      }
      return (try store.recordCount(), kind?.rawValue)
    } catch {
      throw .store(error)
    }
  }

  private static func extract(
    _ member: BackupArchive.Member, of archive: BackupArchive, to path: String
  ) throws(CoreError) {
    var failure: CoreError?
    let problem = OutputFile.written(path, 0o600) { target in
      var problem: Int32 = 0
      do throws(CoreError) {
        try archive.read(member) { (piece) throws(CoreError) in
          guard problem == 0 else { return }
          problem = unsafe piece.withUnsafeBytes { unsafe OutputFile.writeAll(target, $0) }
        }
      } catch {
        failure = error
        return EIO
      }
      return problem
    }
    if let failure { throw failure }
    guard problem == 0 else { throw .file(path: path, .unwritable(errno: problem)) }
  }

  /// One step for the whole directory. Returns where the old one went.
  private static func put(_ draft: String, to place: String, isThere: Bool) throws(CoreError) -> String? {
    func fail() -> CoreError { .file(path: place, errno == ENOTEMPTY ? .exists : .unwritable(errno: errno)) }
    var replaced: String?
    if isThere {
      let aside = "\(place).replaced-\(Timestamp.now().seconds)"
      // Under the name that the old one is to have: with the draft's, the next restore would take it for a draft.
      guard unsafe cvm_rename_noreplace(draft, aside) == 0 else { throw fail() }
      guard unsafe cvm_rename_exchange(aside, place) == 0 else {
        unsafe rename(aside, draft)
        throw fail()
      }
      replaced = aside
    } else {
      guard unsafe rename(draft, place) == 0 else { throw fail() }
    }
    try sync(place + "/..")
    return replaced
  }

  /// What a restore that did not get to its end has left, file by file: nothing else is ever removed.
  private static func removeDraft(_ draft: String) {
    let files = ["state.db", "state.db-wal", "state.db-shm", "vault/root.key"]
    for name in files { unsafe unlink("\(draft)/\(name)") }
    for name in ["/vault", ""] { unsafe rmdir(draft + name) }
  }

  private static func sync(_ path: String) throws(CoreError) {
    let number = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .file(path: path, .unreadable(errno: errno)) }
    defer { close(number) }
    guard fsync(number) == 0 else { throw .file(path: path, .unwritable(errno: errno)) }
  }
}
