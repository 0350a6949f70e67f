import CVMCore
import SecureProcessor
import StateStore

/// Carries a `BackendError` through a database transaction.
struct DomainFailure: StoreFailure {
  let error: BackendError

  init(_ error: BackendError) { self.error = error }
  init(_ error: StoreError) { self.error = BackendError(error) }

  /// The host's database contradicts itself.
  static func damaged(_ table: DomainTable, _ reason: String) -> DomainFailure {
    DomainFailure(BackendError.corrupt(file: table.database.file, reason: reason))
  }
}

extension BackendError {
  /// What is wrong with a simulated host's own files.
  init(_ error: StoreError) {
    switch error {
    case .corrupt(let file, let reason): self = .corrupt(file: file, reason: reason)
    case .locked(let path, let waited):
      self = .timeout(operation: "waiting for \(path)", seconds: Int(waited.components.seconds))
    case .permission: self = .permission(reason: error.summary)
    case .absent(let path), .unreachable(let path, _): self = .unreachable(uri: path, reason: error.summary)
    case .newerVersion: self = .unsupported(reason: error.summary)
    default: self = .failed(operation: "storing the host's state", reason: error.summary)
    }
  }

  init(_ error: PlatformError) {
    switch error {
    case .corrupt(let file, let reason): self = .corrupt(file: file, reason: reason)
    case .locked(let file, let holder, let seconds):
      let who = holder.map { ", held by process \($0)" } ?? ""
      self = .timeout(operation: "waiting for the lock \(file)\(who)", seconds: seconds)
    case .permission: self = .permission(reason: error.summary)
    case .notFound(let path): self = .unreachable(uri: path, reason: error.summary)
    case .exists: self = .conflict(reason: error.summary)
    case .newer: self = .unsupported(reason: error.summary)
    default: self = .failed(operation: "using the simulated AMD-SP", reason: error.summary)
    }
  }
}

/// Runs a step on the host's database.
func stored<R>(_ body: () throws(StoreError) -> R) throws(BackendError) -> R {
  do { return try body() } catch { throw BackendError(error) }
}

/// Runs a step on the simulated AMD-SP's directory.
func onPlatform<R>(_ body: () throws(PlatformError) -> R) throws(BackendError) -> R {
  do { return try body() } catch { throw BackendError(error) }
}
