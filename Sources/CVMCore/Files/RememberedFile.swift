package import Glibc
private import Synchronization

/// The large file that was read last. A bulk launch reads one firmware twice for each of its guests: owner's prediction,
/// simulated emulator.
///
/// A file counts as unchanged while its number, size and times are the same, and these times lay two seconds back when it
/// was read: a later write then has another time. Who writes to it through a mapping may go unseen; the prediction is
/// then of the file as it was, and a launch of what it is now does not match.
package enum RememberedFile {
  /// Bytes that are worth it.
  private static let sizes = 1 << 20...16 << 20

  private struct Kept: Sendable {
    let identity: Identity
    let bytes: [UInt8]
  }

  private struct Identity: Equatable, Sendable {
    let numbers: [UInt64]
    let times: [Int]

    init(_ facts: stat) {
      numbers = [UInt64(facts.st_dev), UInt64(facts.st_ino), UInt64(bitPattern: Int64(facts.st_size))]
      times = [
        facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec,
      ]
    }

    /// Whether its times lie back far enough to tell a later write.
    var isSettled: Bool {
      var now = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &now)
      return max(times[0], times[2]) < now.tv_sec - 2
    }
  }

  private static let last = Mutex<Kept?>(nil)

  /// All bytes of the open file that `facts` (fstat) are of: remembered, or as `read` gives them.
  package static func bytes<E: Error>(
    of facts: stat, read: () throws(E) -> [UInt8]
  ) throws(E) -> [UInt8] {
    guard sizes.contains(Int(facts.st_size)) else { return try read() }
    let identity = Identity(facts)
    if let kept = last.withLock({ $0 }), kept.identity == identity { return kept.bytes }
    let isSettled = identity.isSettled
    let bytes = try read()
    last.withLock { $0 = isSettled ? Kept(identity: identity, bytes: bytes) : nil }
    return bytes
  }
}
