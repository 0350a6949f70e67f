import CSQLite
import Glibc

/// How long a connection waits for other processes. Its waits are short and of uneven length, so that many waiting
/// processes neither sleep past a free lock nor wake all at once; who has waited longer looks more often, so that
/// nobody is left behind by those who come later. A lock is mostly held for a commit, less than a millisecond: the
/// first looks come soon.
final class Patience {
  let limit: Duration
  private var start = ContinuousClock.now

  init(_ limit: Duration) { self.limit = limit }

  /// Time since the last wait began.
  var waited: Duration { ContinuousClock.now - start }

  /// SQLite's busy handler: `attempt` counts the calls for one lock from 0. False gives up.
  func wait(attempt: CInt) -> Bool {
    if attempt == 0 { start = .now }
    let waited = waited
    guard waited < limit else { return false }
    let most = attempt < 4 ? 400 : 8000 / (1 + waited / .milliseconds(20))
    usleep(UInt32.random(in: 100...max(200, UInt32(most))))
    return true
  }
}

extension Database {
  /// The connection asks this object, which its owner keeps.
  func wait(by patience: Patience) {
    let context = unsafe Unmanaged.passUnretained(patience).toOpaque()
    unsafe sqlite3_busy_handler(
      pointer,
      { context, attempt in
        guard let context = unsafe context else { return 0 }
        let patience = unsafe Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue()
        return patience.wait(attempt: attempt) ? 1 : 0
      }, context)
  }
}
