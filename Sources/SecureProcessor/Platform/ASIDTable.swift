/// Which address space identifiers may carry a guest's data in some cache. An ASID is dirty after a guest ran
/// with it, and after INIT; it may be given to a guest again once all cores wrote back their caches (WBINVD)
/// and DF_FLUSH was executed.
package struct ASIDTable: Equatable, Sendable {
  /// More than any processor has; keeps a damaged state file from claiming memory.
  static let limit: UInt32 = 65535

  private(set) var dirty: [Bool]  // index 0 is ASID 1

  /// ASIDs 1 to `count`, all of them dirty, as after INIT.
  init(count: UInt32) { dirty = [Bool](repeating: true, count: Int(count)) }

  init(dirty: [Bool]) { self.dirty = dirty }

  func contains(_ asid: UInt32) -> Bool { asid >= 1 && asid <= dirty.count }

  /// False for an ASID that does not exist.
  package func isDirty(_ asid: UInt32) -> Bool { contains(asid) && dirty[Int(asid) - 1] }

  mutating func soil(_ asid: UInt32) {
    if contains(asid) { dirty[Int(asid) - 1] = true }
  }

  mutating func flush() { dirty = [Bool](repeating: false, count: dirty.count) }
}
