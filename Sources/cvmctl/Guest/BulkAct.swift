import CLinux
import CVMCore
import Dispatch
import Glibc
import Synchronization

/// One act on several guests: each is tried, one failure does not stop the rest, the first failure gives the exit code.
enum BulkAct {
  /// Processors of this machine, at most 64.
  static var processors: Int { min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 64) }

  /// Runs `act` for every name.
  /// - Parameters:
  ///   - core: for the first worker; every further one has its own beside it.
  ///   - isOne: one thing was asked for by name: its failure is the command's own, and its result an object.
  static func run<Result: Sendable>(
    _ names: [String], isOne: Bool, jobs: Int = 1, _ core: Core,
    _ act: @escaping @Sendable (Core, String) throws -> Result
  ) throws -> BulkResult<Result> {
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: names.count))
    let next = Atomic(0)
    let worker: @Sendable (Core) -> Void = { core in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < names.count else { return }
        core.restartTimeLimit()
        let result = Swift.Result { try act(core, names[index]) }
        results.withLock { $0[index] = result }
      }
    }
    // Every launch reads its firmware and lets it go again: the next one takes the same memory.
    if names.count > 1 { cvm_keep_freed_memory() }
    if jobs == 1 || names.count < 2 {
      worker(core)
    } else {
      let cores = try [core] + (1..<min(jobs, names.count)).map { _ in try core.forAnotherThread() }
      DispatchQueue.concurrentPerform(iterations: cores.count) { worker(cores[$0]) }
    }
    var result = BulkResult<Result>(isOne: isOne)
    for (name, outcome) in zip(names, results.withLock { $0.compactMap { $0 } }) {
      switch outcome {
      case .success(let done): result.done.append((name, done))
      case .failure(let error): result.failures.append((name, error))
      }
    }
    if isOne, let failure = result.failures.first { throw failure.error }
    return result
  }
}

/// What became of an act on several guests, in the order in which they were named.
struct BulkResult<Result: Sendable> {
  let isOne: Bool
  var done: [(name: String, value: Result)] = []
  var failures: [(name: String, error: any Error)] = []

  init(isOne: Bool) { self.isOne = isOne }

  /// Of the one thing that a verb without bulk did.
  init(_ name: String, _ value: Result) {
    isOne = true
    done = [(name, value)]
  }

  /// Prints what succeeded, then throws what failed. A document on standard output would pass for the whole, so that with
  /// failures the names of what succeeded stand in the error's details instead.
  func show(_ output: OutputFormat, _ render: ([Result]) throws -> Void) throws {
    if failures.isEmpty || ![.json, .yaml].contains(output) { try render(done.map(\.value)) }
    guard failures.isEmpty else { throw BulkFailure(failures: failures, succeeded: done.map(\.name)) }
  }
}

/// What failed of an act on several guests; the first one gives the exit code.
struct BulkFailure: Error {
  let failures: [(name: String, error: any Error)]
  let succeeded: [String]
}
