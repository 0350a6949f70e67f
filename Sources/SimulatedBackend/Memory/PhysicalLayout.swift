import SecureProcessor

/// Where a guest's memory lies in the simulated host's physical address space: 1 TiB for each of the
/// firmware's handles, so that no two guests ever have an address in common. Guest physical address 0 is the
/// slot's first byte.
struct PhysicalLayout {
  /// Bytes of a guest's slot.
  static let slotSize: UInt64 = 1 << 40
  static let fourGiB: UInt64 = 1 << 32

  let base: UInt64

  init(handle: GuestHandle) { base = UInt64(handle - 1) * Self.slotSize }

  /// The physical address of a guest physical one; nil outside of the slot.
  func physical(_ address: UInt64) -> UInt64? { address < Self.slotSize ? base + address : nil }
}
