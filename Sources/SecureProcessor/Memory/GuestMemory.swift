/// Physical memory as the memory controller's chips hold it: what a host reads there is ciphertext wherever
/// the AMD-SP or a guest wrote encrypted data. The AMD-SP reads and writes it in the course of a command; it
/// never keeps plaintext in it.
package protocol GuestMemory: AnyObject {
  /// Throws `.unmapped` unless all of the range is backed; memory that was never written is zero.
  func read(_ address: UInt64, count: Int) throws(MemoryFault) -> [UInt8]
  func write(_ bytes: [UInt8], at address: UInt64) throws(MemoryFault)
}

package enum MemoryFault: Error, Equatable, Sendable {
  /// No memory stands behind some byte of the range.
  case unmapped(address: UInt64)
  /// The memory's file failed; `errno` of the call.
  case system(Int32)
}

/// The part of a range inside a memory that starts at `base`: nil where any byte of it lies outside.
func offset(of address: UInt64, count: Int, base: UInt64, size: UInt64) -> UInt64? {
  guard count >= 0, address >= base, UInt64(count) <= size else { return nil }
  let offset = address - base
  return offset <= size - UInt64(count) ? offset : nil
}
