/// A guest's RAM in its physical address space, as QEMU's q35 machine lays it out.
struct GuestRAM {
  /// Bytes from address 0 on.
  let low: UInt64
  /// Bytes from 4 GiB on.
  let high: UInt64

  /// Nil for more than a slot of the simulated host can take, with firmware and save areas.
  init?(size: UInt64) {
    guard size <= PhysicalLayout.slotSize - 4 * PhysicalLayout.fourGiB else { return nil }
    let fits = size <= 0xB000_0000  // the PCI hole's lower end; a larger guest gives it up to 2 GiB
    low = fits ? size : 1 << 31
    high = size - low
  }

  /// The first address behind RAM and firmware, on a page.
  var end: UInt64 { (PhysicalLayout.fourGiB + high + 4095) & ~4095 }

  /// Whether all of a range below 4 GiB is RAM.
  func contains(_ address: UInt64, count: Int) -> Bool {
    guard let count = UInt64(exactly: count), count <= low else { return false }
    return address <= low - count
  }
}
