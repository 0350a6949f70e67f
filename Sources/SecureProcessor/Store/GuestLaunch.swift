/// A launch between LAUNCH_START and the moment when its guest is known outside, without the platform's lock: loading and
/// measuring a firmware is nearly all that the AMD-SP does for a launch, and concerns no other guest. The platform's table
/// has the guest meanwhile; its context is in this process only, and lost with it.
package struct GuestLaunch: ~Copyable {
  package let handle: GuestHandle
  /// The guest's own id.
  package let contextID: [UInt8]
  /// The AMD-SP with this one guest: for the guest's own commands.
  package var processor: SecureProcessor
  private let directory: PlatformDirectory
  /// For `PlatformTransaction.isDetached`, to the end of this value.
  private let lock: FileLock

  init(
    handle: GuestHandle, contextID: [UInt8], processor: SecureProcessor, directory: PlatformDirectory,
    lock: FileLock
  ) {
    self.handle = handle
    self.contextID = contextID
    self.processor = processor
    self.directory = directory
    self.lock = lock
  }

  /// Stores the measured guest's context, as `PlatformTransaction.store` does. Throws `.launchIncomplete` before LAUNCH_MEASURE.
  /// What a killed process leaves of the file belongs to a guest that nobody knows.
  package func store() throws(PlatformError) {
    guard let context = processor.guests[handle]?.context,
      let open = GuestRecord.open(context, contextID, handle)
    else { throw .launchIncomplete(handle: handle) }
    let envelope = StateEnvelope(open: open, secret: GuestRecord.secret(context))
    try directory.guestFolder.make(GuestFile.context.name(handle), with: envelope.serialized(.guest))
  }
}
