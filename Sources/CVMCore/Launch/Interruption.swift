import Glibc
import Synchronization

/// SIGINT and SIGTERM while there is a guest that only this process knows: the step under way ends, then the launch is undone.
/// A second signal ends the process at once, as if nothing stood here.
enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that came; nil: none.
  static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// From here on a signal asks for an orderly end. One that is ignored, as in a job of `nohup`, stays ignored.
  static func arm() {
    _ = signal  // the first use of a global takes a lock, which a handler must not
    for number in [SIGINT, SIGTERM] {
      var old = sigaction()
      unsafe sigaction(number, nil, &old)
      guard unsafe old.__sigaction_handler.sa_handler == nil else { continue }  // SIG_DFL
      var new = sigaction()
      unsafe new.__sigaction_handler.sa_handler = { Interruption.received.store($0, ordering: .relaxed) }
      new.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      unsafe sigaction(number, &new, nil)
    }
  }
}
