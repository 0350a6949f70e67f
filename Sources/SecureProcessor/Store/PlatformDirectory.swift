import CVMCrypto
private import Synchronization

/// A simulated AMD-SP on disk.
///
/// | file                   | content                                               |
/// |------------------------|-------------------------------------------------------|
/// | `lock`                 | held (flock) for the time of a transaction; byte NNNN |
/// |                        | for the time of a `GuestLaunch` of that handle        |
/// | `chip`                 | `ChipRecord`, written once and last                   |
/// | `unfinished`           | there while the directory is being filled             |
/// | `platform`             | `PlatformRecord`                                      |
/// | `cek.cert`             | the signed CEK, for an owner to import                |
/// | `ask_ark.cert`         | ASK ‖ ARK, likewise; neither file is read here        |
/// | `guests/NNNN.context`  | `GuestRecord` of the guest with that handle           |
/// | `guests/NNNN.owner`    | held (flock) by the process that the guest lives with |
///
/// A guest exists if and only if the platform's table has it: a launch writes the context before the table,
/// an end the table before the context is removed. So a process may be killed at any point; a file that the
/// table does not know is swept by the first transaction of the next one.
/// Several threads may use one object: transactions wait for each other.
package final class PlatformDirectory: @unchecked Sendable {
  package let path: String
  /// Seconds to wait for the lock.
  package let timeout: Int
  let folder: StateFolder
  let guestFolder: StateFolder
  package let model: ProcessorModel
  private let chip: ChipIdentity
  /// To look through the folders takes as long as there are guests: once, not in each of a thousand launches. Guarded by
  /// the platform's lock.
  private var isSwept = false
  /// The platform as it was read last: one launch looks at it three times.
  private let last = Mutex<Stored?>(nil)

  /// Without guests' contexts: nothing in it changes.
  private struct Stored: @unchecked Sendable {
    let file: KeptFile
    let processor: SecureProcessor
    let bytes: [UInt8]
  }

  enum File {
    static let lock = "lock"
    static let chip = "chip"
    static let platform = "platform"
    static let guests = "guests"
    static let unfinished = "unfinished"
    static let cek = "cek.cert"
    static let authorities = "ask_ark.cert"
    static let all: Set<String> = [lock, chip, platform, guests, cek, authorities]
  }

  /// Opens what `create` made.
  package init(path: String, timeout: Int = 30) throws(PlatformError) {
    self.path = path
    self.timeout = timeout
    folder = try StateFolder(path: path)
    guestFolder = try Self.required { () throws(PlatformError) in
      try StateFolder(path: "\(path)/\(File.guests)")
    }
    let file = folder.file(File.chip)
    let bytes = try Self.required { [folder] () throws(PlatformError) in try folder.read(File.chip) }
    (model, chip) = try ChipRecord.parse(StateEnvelope(parsing: bytes, .chip, file: file), file: file)
  }

  /// Makes the directory of a processor and switches it on: INIT, then the flush that makes its ASIDs usable,
  /// as a host's driver does. Not atomic: make it under another name and rename it. Throws `.exists`.
  package static func create(
    path: String, model: ProcessorModel, entropy: any Entropy = SystemEntropy()
  ) throws(PlatformError) {
    guard model.isPlausible else { throw .corrupt(file: path, reason: "impossible processor") }
    let chip: ChipIdentity
    do { chip = try ChipIdentity.make(model: model, entropy: entropy) } catch { throw .crypto(error) }
    var processor = SecureProcessor(model: model, chip: chip)
    do { try processor.switchOn(entropy: entropy) } catch { throw .refused(error) }
    try create(path: path, processor)
  }

  /// Opens the AMD-SP of a directory, and makes one where the directory has none yet: so that whoever is
  /// given an empty directory of his own has a simulated platform in it.
  package static func opened(
    path: String, orMade model: ProcessorModel, timeout: Int = 30, entropy: any Entropy = SystemEntropy()
  ) throws(PlatformError) -> PlatformDirectory {
    do { try StateFolder.make(path: path) } catch .exists {}
    let folder = try StateFolder(path: path)
    let lock = try FileLock.acquire(File.lock, in: folder, seconds: timeout)
    let names = Set(try folder.names())
    if !names.contains(File.chip) {
      // No AMD-SP yet, however far an interrupted call came; or one that lost its chip, which nothing replaces.
      guard names.contains(File.unfinished) || names.isDisjoint(with: [File.platform, File.guests]) else {
        throw .corrupt(file: folder.file(File.chip), reason: "missing")
      }
      try folder.replace(File.unfinished, with: SecretBytes(copying: [1]))
      try folder.flush()
      let chip: ChipIdentity
      do { chip = try ChipIdentity.make(model: model, entropy: entropy) } catch { throw .crypto(error) }
      var processor = SecureProcessor(model: model, chip: chip)
      do { try processor.switchOn(entropy: entropy) } catch { throw .refused(error) }
      try fill(folder, path: path, processor)
      folder.remove(File.unfinished)
    }
    withExtendedLifetime(lock) {}
    return try PlatformDirectory(path: path, timeout: timeout)
  }

  /// As `create(path:model:entropy:)`, of a processor in any state without guests.
  static func create(path: String, _ processor: SecureProcessor) throws(PlatformError) {
    try StateFolder.make(path: path)
    try fill(try StateFolder(path: path), path: path, processor)
  }

  private static func fill(
    _ folder: StateFolder, path: String, _ processor: SecureProcessor
  ) throws(PlatformError) {
    do { try StateFolder.make(path: "\(path)/\(File.guests)") } catch .exists {}
    // What AMD's key server would give for this chip: an owner imports it, as for hardware.
    try folder.replace(File.cek, with: SecretBytes(copying: processor.chip.signedCEK))
    try folder.replace(File.authorities, with: SecretBytes(copying: processor.chip.ask + processor.chip.ark))
    let chip = ChipRecord.envelope(processor.model, processor.chip)
    try folder.replace(File.platform, with: PlatformRecord.envelope(processor).serialized(.platform))
    try folder.replace(File.chip, with: chip.serialized(.chip))
    try folder.flush()
  }

  /// The platform as last committed, without the guests' contexts: for its status, certificates and table.
  /// Takes no lock, for the file is replaced as a whole.
  package func snapshot() throws(PlatformError) -> SecureProcessor { try stored().processor }

  /// The same, with the bytes that it was read from. Read again only where the file is another one than last time.
  private func stored() throws(PlatformError) -> (processor: SecureProcessor, bytes: [UInt8]) {
    if let last = last.withLock({ $0 }), folder.isStill(last.file, File.platform) {
      return (last.processor, last.bytes)
    }
    let file = folder.file(File.platform)
    let (bytes, kept) = try Self.required { () throws(PlatformError) in try folder.readKept(File.platform) }
    let envelope = try StateEnvelope(parsing: bytes, .platform, file: file)
    let processor = try PlatformRecord.parse(envelope, model, chip, file: file)
    let fresh = Stored(file: kept, processor: processor, bytes: envelope.open)
    last.withLock { $0 = fresh }
    return (processor, envelope.open)
  }

  /// What a transaction, which holds the lock, has just stored need not be read again.
  func remember(_ processor: SecureProcessor, _ bytes: [UInt8]) {
    let kept = (try? folder.kept(File.platform)).map { Stored(file: $0, processor: processor, bytes: bytes) }
    last.withLock { $0 = kept }
  }

  /// Locks the platform, after what ended processes left was cleared away.
  package func begin() throws(PlatformError) -> PlatformTransaction {
    let lock = try FileLock.acquire(File.lock, in: folder, seconds: timeout)
    let (processor, bytes) = try stored()
    var transaction = PlatformTransaction(self, lock: lock, processor: processor, stored: bytes)
    try transaction.clear()
    if !isSwept { try transaction.sweep() }
    isSwept = true
    return transaction
  }

  func load(_ handle: GuestHandle, _ slot: GuestSlot) throws(PlatformError) -> GuestContext {
    let name = GuestFile.context.name(handle)
    let bytes = try Self.required { () throws(PlatformError) in try guestFolder.read(name) }
    let file = guestFolder.file(name)
    return try GuestRecord.parse(StateEnvelope(parsing: bytes, .guest, file: file), handle, slot, file: file)
  }

  /// A file that must be there: its absence is damage.
  private static func required<R>(_ body: () throws(PlatformError) -> R) throws(PlatformError) -> R {
    do {
      return try body()
    } catch .notFound(let path) {
      throw .corrupt(file: path, reason: "missing")
    }
  }
}

/// The names of a guest's files.
enum GuestFile: String, CaseIterable {
  case context, owner

  func name(_ handle: GuestHandle) -> String {
    let digits = String(handle)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + "\(digits).\(rawValue)"
  }

  /// Nil for a name of nothing here.
  static func handle(in name: String) -> GuestHandle? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let file = GuestFile(rawValue: String(parts[1])),
      let handle = GuestHandle(parts[0]),
      file.name(handle) == name
    else { return nil }
    return handle
  }
}
