/// The firmware's name for a guest: 1 to 1024; 0 is never valid.
package typealias GuestHandle = UInt32

/// An entry of the AMD-SP's guest table.
package struct GuestSlot {
  package static let contextIDSize = 16

  /// Random, one for each LAUNCH_START: tells a guest from a later one with the same handle. No field of
  /// AMD's.
  package let contextID: [UInt8]
  /// Nil while not activated.
  package internal(set) var asid: UInt32?
  /// Whether a process keeps the guest alive and the guest ends with it. The host's business, not the
  /// firmware's.
  package internal(set) var isOwned = false
  /// Nil where the context was left in its file: such a guest only counts, and holds its handle and ASID.
  package internal(set) var context: GuestContext?
}
