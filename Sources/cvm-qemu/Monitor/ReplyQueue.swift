/// Keeps replies in the order of the commands: one that is made here waits until QEMU has answered every command that
/// the client sent before.
struct ReplyQueue {
  /// What has to be done to QEMU's reply before it goes on.
  enum Edit: Equatable {
    case none
    /// `query-migrate`: say that migration is blocked.
    case blockMigration
  }

  private enum Slot {
    case fromQEMU(Edit)
    case own([UInt8])
  }

  private var slots: [Slot] = []
  private var first = 0

  /// Replies that the client still waits for.
  var count: Int { slots.count - first }

  /// A command went to QEMU.
  mutating func expectReply(_ edit: Edit = .none) { slots.append(.fromQEMU(edit)) }

  /// A command was answered here. The replies that may go out now.
  mutating func answered(_ reply: [UInt8]) -> [[UInt8]] {
    slots.append(.own(reply))
    return takeOwn()
  }

  /// QEMU replied. What its reply answers; nil if nothing was asked.
  mutating func received() -> Edit? {
    guard first < slots.count, case .fromQEMU(let edit) = slots[first] else { return nil }
    drop()
    return edit
  }

  /// The own replies at the front.
  mutating func takeOwn() -> [[UInt8]] {
    var ready: [[UInt8]] = []
    while first < slots.count, case .own(let reply) = slots[first] {
      ready.append(reply)
      drop()
    }
    return ready
  }

  private mutating func drop() {
    first += 1
    if first == slots.count || first >= 1024 {
      slots.removeFirst(first)
      first = 0
    }
  }
}
