import CVMCrypto

/// A turn at the AMD-SP: holds the platform's lock. Work on `processor`, then `commit`; a transaction that
/// just ends changes nothing on disk. A running digest is not stored: a launch is one transaction up to LAUNCH_MEASURE, or
/// its middle is a `GuestLaunch`.
package struct PlatformTransaction: ~Copyable {
  package var processor: SecureProcessor
  private let directory: PlatformDirectory
  private let lock: FileLock
  /// As stored: what need not be written again.
  private var storedGuests: [GuestHandle: GuestSlot]
  private var storedContexts: [GuestHandle: [UInt8]] = [:]
  private var storedPlatform: [UInt8]

  init(
    _ directory: PlatformDirectory, lock: FileLock, processor: SecureProcessor, stored: [UInt8]
  ) {
    self.directory = directory
    self.lock = lock
    self.processor = processor
    storedGuests = processor.guests
    storedPlatform = stored
  }

  /// Fetches a guest's context, which its commands need. Without effect for an unknown handle.
  package mutating func load(_ handle: GuestHandle) throws(PlatformError) {
    guard let slot = processor.guests[handle], slot.context == nil else { return }
    let context = try directory.load(handle, slot)
    processor.guests[handle]?.context = context
    storedContexts[handle] = GuestRecord.open(context, slot.contextID, handle)
  }

  /// The handle of the guest with this context id, its context fetched; nil once it has ended.
  package mutating func guest(_ handle: GuestHandle, contextID: [UInt8]) throws(PlatformError) -> GuestHandle?
  {
    guard processor.guests[handle]?.contextID == contextID else { return nil }
    try load(handle)
    return handle
  }

  /// Binds a guest to this process from the commit on: see `GuestOwnership`. Nil for an unknown handle.
  package mutating func own(_ handle: GuestHandle) throws(PlatformError) -> GuestOwnership? {
    guard let slot = processor.guests[handle] else { return nil }
    let name = GuestFile.owner.name(handle)
    directory.guestFolder.remove(name)  // of an earlier guest with this handle
    guard let lock = try FileLock.attempt(name, in: directory.guestFolder) else {
      throw .locked(file: directory.guestFolder.file(name), holder: nil, seconds: 0)
    }
    processor.guests[handle]?.isOwned = true
    return GuestOwnership(handle: handle, contextID: slot.contextID, lock: lock)
  }

  /// Hands a guest that was started to a launch that goes on without the lock. The guest stays in the table, its context
  /// leaves the transaction. Nil for an unknown handle, or one of which a launch is under way.
  package mutating func detach(_ handle: GuestHandle) throws(PlatformError) -> GuestLaunch? {
    guard let slot = processor.guests[handle], let lock = try launchLock(handle) else { return nil }
    var alone = processor
    alone.guests = [handle: slot]
    processor.guests[handle]?.context = nil
    return GuestLaunch(
      handle: handle, contextID: slot.contextID, processor: alone, directory: directory, lock: lock)
  }

  /// Whether a living process has a launch of this guest under way.
  package func isDetached(_ handle: GuestHandle) throws(PlatformError) -> Bool {
    try launchLock(handle) == nil
  }

  private func launchLock(_ handle: GuestHandle) throws(PlatformError) -> FileLock? {
    try FileLock.attempt(PlatformDirectory.File.lock, byte: handle, in: directory.folder)
  }

  /// Stores what changed and releases the lock.
  package consuming func commit() throws(PlatformError) {
    try store()
  }

  /// Stores what changed and keeps the lock. On a throw each guest is as before or as after, and the table
  /// says which guests there are. The platform is on the disk then; its guests need not be, for they end with the
  /// machine's power as they would on hardware: a context that was lost is one of a guest that can only be retired.
  package mutating func store() throws(PlatformError) {
    let guests = directory.guestFolder
    for (handle, slot) in processor.guests {
      guard let context = slot.context else { continue }
      guard let open = GuestRecord.open(context, slot.contextID, handle) else {
        throw .launchIncomplete(handle: handle)
      }
      if storedContexts[handle] == open { continue }
      let envelope = StateEnvelope(open: open, secret: GuestRecord.secret(context))
      let name = GuestFile.context.name(handle)
      try guests.replace(name, with: envelope.serialized(.guest), flushed: false)
      storedContexts[handle] = open  // with the guest's own id in it
    }
    let platform = PlatformRecord.envelope(processor)
    if platform.open != storedPlatform {
      try directory.folder.replace(
        PlatformDirectory.File.platform, with: platform.serialized(.platform))
      if !PlatformRecord.isOfSamePlatform(platform.open, storedPlatform) { try directory.folder.flush() }
      var bare = processor
      for handle in storedContexts.keys { bare.guests[handle]?.context = nil }
      directory.remember(bare, platform.open)
    }
    for handle in storedGuests.keys where processor.guests[handle] == nil { removeFiles(handle) }
    storedGuests = processor.guests
    storedPlatform = platform.open
  }

  private func removeFiles(_ handle: GuestHandle) {
    for file in GuestFile.allCases { directory.guestFolder.remove(file.name(handle)) }
  }

  /// Decommissions guests whose owner has ended.
  mutating func clear() throws(PlatformError) {
    var orphans: [GuestHandle] = []
    for (handle, slot) in processor.guests where slot.isOwned {
      let name = GuestFile.owner.name(handle)
      if try FileLock.attempt(name, in: directory.guestFolder) != nil { orphans.append(handle) }
    }
    if !orphans.isEmpty {
      for handle in orphans { processor.abandon(handle) }
      try store()
    }
  }

  /// Removes files that belong to no guest.
  func sweep() throws(PlatformError) {
    try directory.folder.sweep { PlatformDirectory.File.all.contains($0) }
    try directory.guestFolder.sweep { name in
      GuestFile.handle(in: name).map { processor.guests[$0] != nil } ?? false
    }
  }
}
