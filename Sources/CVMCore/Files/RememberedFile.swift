package import Glibc
private import Synchronization

/// What was made of the large file that was read last. A bulk launch reads one firmware for each of its guests.
///
/// A file counts as unchanged while its number, size and times are the same, and these times lay two seconds back when it
/// was read: a later write then has another time. Who writes to it through a mapping may go unseen; the prediction is
/// then of the file as it was, and a launch of what it is now does not match.
package final class RememberedFile<Content: Sendable>: Sendable {
  /// Bytes that are worth it.
  private static var sizes: ClosedRange<Int> { 1 << 20...16 << 20 }

  private struct Kept: Sendable {
    let identity: FileIdentity
    let content: Content
  }

  private let last = Mutex<Kept?>(nil)

  package init() {}

  /// What the open file that `facts` (fstat) are of gives: remembered, or as `read` makes it.
  package func content<E: Error>(of facts: stat, read: () throws(E) -> Content) throws(E) -> Content {
    guard Self.sizes.contains(Int(facts.st_size)) else { return try read() }
    let identity = FileIdentity(facts)
    if let kept = last.withLock({ $0 }), kept.identity == identity { return kept.content }
    let isSettled = identity.isSettled
    let content = try read()
    last.withLock { $0 = isSettled ? Kept(identity: identity, content: content) : nil }
    return content
  }
}

private struct FileIdentity: Equatable, Sendable {
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
