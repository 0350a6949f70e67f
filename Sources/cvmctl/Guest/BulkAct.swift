import CVMCore
import Dispatch
import Synchronization

/// One act on several guests: each is tried, each failure is reported, the first failure gives the exit code.
enum BulkAct {
  /// Runs `act` for every name and returns what it gave for those that succeeded, in the order of `names`.
  /// - Parameter core: for the first worker; every further one opens its own.
  static func run<Result: Sendable>(
    _ names: [String], jobs: Int = 1, _ core: Core, _ settings: Settings,
    _ act: @escaping @Sendable (Core, String) throws -> Result
  ) throws -> [Result] {
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: names.count))
    let next = Atomic(0)
    let worker: @Sendable (Core) -> Void = { core in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < names.count else { return }
        let result = Swift.Result { try act(core, names[index]) }
        results.withLock { $0[index] = result }
      }
    }
    if jobs == 1 || names.count < 2 {
      worker(core)
    } else {
      let cores = try [core] + (1..<min(jobs, names.count)).map { _ in try settings.core() }
      DispatchQueue.concurrentPerform(iterations: cores.count) { worker(cores[$0]) }
    }
    let all = results.withLock { $0.compactMap { $0 } }
    let failures = zip(names, all).compactMap { name, result in
      if case .failure(let error) = result { (name: name, error: error) } else { nil }
    }
    guard let first = failures.first else { return try all.map { try $0.get() } }
    guard names.count > 1 else { throw first.error }
    throw BulkFailure(failures: failures)
  }
}

/// What failed of an act on several guests; the first one gives the exit code.
struct BulkFailure: Error {
  let failures: [(name: String, error: any Error)]
}
