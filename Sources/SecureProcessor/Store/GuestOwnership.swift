/// The claim of a process on a guest: as long as it is held, by this object or by a process that inherited
/// the descriptor, the guest lives; once it is gone, however it went, the next who opens the platform
/// decommissions the guest.
package final class GuestOwnership {
  package let handle: GuestHandle
  /// The guest's own id, for `PlatformTransaction.guest(owned:)`.
  package let contextID: [UInt8]
  private let lock: FileLock

  /// Closed on exec. A child that shall hold the claim gets a duplicate.
  package var descriptor: Int32 { lock.descriptor }

  init(handle: GuestHandle, contextID: [UInt8], lock: FileLock) {
    self.handle = handle
    self.contextID = contextID
    self.lock = lock
  }

  /// In a process that inherited the descriptor of an ownership: takes the claim over.
  package init(adopting descriptor: Int32, handle: GuestHandle, contextID: [UInt8]) {
    self.handle = handle
    self.contextID = contextID
    lock = FileLock(adopting: descriptor)
  }
}
