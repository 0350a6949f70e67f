import Foundation

enum Threads {
  /// Runs `body` for 0 to `count` - 1, at the same time as far as there are processors.
  static func run(_ count: Int, _ body: @Sendable @escaping (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      Thread.detachNewThread {
        body(number)
        group.leave()
      }
    }
    group.wait()
  }
}
