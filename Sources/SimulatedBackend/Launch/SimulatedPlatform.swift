import Bytes
import CVMCore
import SecureProcessor
private import Synchronization

/// The host's AMD-SP and the memory files of its guests. Several threads may use one object.
final class SimulatedPlatform: @unchecked Sendable {
  private let directory: PlatformDirectory
  private let memory: StateFolder
  /// Guarded by the AMD-SP's lock.
  private var isCleared = false
  /// Launches of this process that have a guest and no domain yet.
  private let underWay = Atomic<Int>(0)

  init(directory path: String, timeout: Int) throws(BackendError) {
    (directory, memory) = try onPlatform { () throws(PlatformError) in
      (
        try PlatformDirectory(path: "\(path)/\(HostFolder.platform)", timeout: timeout),
        try StateFolder(path: "\(path)/\(HostFolder.memory)")
      )
    }
  }

  var model: ProcessorModel { directory.model }

  /// The platform without its guests' contexts, and without waiting.
  func snapshot() throws(BackendError) -> SecureProcessor {
    try onPlatform { () throws(PlatformError) in try directory.snapshot() }
  }

  /// Locks the AMD-SP.
  private func lock() throws(BackendError) -> PlatformTransaction {
    do { return try directory.begin() } catch { throw BackendError(error) }
  }

  func launchBegins() { underWay.add(1, ordering: .relaxed) }
  func launchEnds() { underWay.subtract(1, ordering: .relaxed) }

  /// Locks the AMD-SP and retires what killed processes left: guests that no domain knows, memory of no
  /// guest. Looked for once by each process, and whenever there are more or fewer guests than launches.
  /// `launches` is asked under the lock.
  func begin(
    launches: (count: () throws(BackendError) -> Int, contexts: () throws(BackendError) -> Set<[UInt8]>)
  ) throws(BackendError) -> PlatformTransaction {
    var transaction = try lock()
    let known = try launches.count() + underWay.load(ordering: .relaxed)
    if isCleared, known == transaction.processor.guests.count { return transaction }
    for handle in try lost(&transaction, launches.contexts) { try Self.retire(handle, &transaction) }
    let names = Set(transaction.processor.guests.values.map { Self.memoryFile($0.contextID) })
    for name in try onPlatform({ () throws(PlatformError) in try memory.names() }) where !names.contains(name)
    {
      memory.remove(name)
    }
    isCleared = true
    return transaction
  }

  /// Guests of no domain and of no launch under way. A launch has its domain before it ends: whose launch is found ended is
  /// looked for among the domains after that.
  private func lost(
    _ transaction: inout PlatformTransaction, _ contexts: () throws(BackendError) -> Set<[UInt8]>
  ) throws(BackendError) -> [GuestHandle] {
    let known = try contexts()
    var ended: [(handle: GuestHandle, contextID: [UInt8])] = []
    for (handle, slot) in transaction.processor.guests where !known.contains(slot.contextID) {
      do { if try !transaction.isDetached(handle) { ended.append((handle, slot.contextID)) } } catch {
        throw BackendError(error)
      }
    }
    guard !ended.isEmpty else { return [] }
    let knownNow = try contexts()
    return ended.filter { !knownNow.contains($0.contextID) }.map(\.handle)
  }

  /// Ends the guest of a launch. One that is gone already is fine.
  func retire(_ handle: GuestHandle, _ contextID: [UInt8]) throws(BackendError) {
    var transaction = try lock()
    if transaction.processor.guests[handle]?.contextID == contextID {
      try Self.retire(handle, &transaction)
      try onPlatform { () throws(PlatformError) in try transaction.store() }
    }
    memory.remove(Self.memoryFile(contextID))
  }

  /// Locks the AMD-SP, with the guest of a launch at hand under its handle.
  func begin(with launch: LaunchRow) throws(BackendError) -> PlatformTransaction {
    var transaction = try lock()
    let found = try onPlatform { () throws(PlatformError) in
      try transaction.guest(launch.handle, contextID: launch.contextID)
    }
    guard found != nil else {
      throw .failed(operation: "using the simulated AMD-SP", reason: "it does not know the guest any more")
    }
    return transaction
  }

  /// A guest that ends needs no readable context: damage of it must not keep the guest, or the host, as it
  /// is.
  private static func retire(
    _ handle: GuestHandle, _ transaction: inout PlatformTransaction
  ) throws(BackendError) {
    do throws(PlatformError) { try transaction.load(handle) } catch {
      guard case .corrupt = error else { throw BackendError(error) }
      return transaction.processor.abandon(handle)
    }
    do { try transaction.processor.retire(handle) } catch {
      throw .failed(operation: "DECOMMISSION", reason: error.summary)
    }
  }

  /// The memory file of a guest; a fresh one for a new guest.
  func memory(
    of contextID: [UInt8], handle: GuestHandle, size: UInt64, isNew: Bool = false
  ) throws(BackendError) -> FileMemory {
    let name = Self.memoryFile(contextID)
    let descriptor: Int32
    do {
      descriptor = try memory.openFile(name, isNew ? .emptied : .existing)
    } catch .notFound(let path) {
      throw .corrupt(file: path, reason: "missing")
    } catch {
      throw BackendError(error)
    }
    return FileMemory(owning: descriptor, base: PhysicalLayout(handle: handle).base, size: size)
  }

  private static func memoryFile(_ contextID: [UInt8]) -> String { Hex.encode(contextID) + ".ram" }
}
