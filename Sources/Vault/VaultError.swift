package import Bytes
package import CVMCrypto
package import StateStore

/// Why the vault gave no key.
package enum VaultError: Error, Equatable, Sendable {
  /// The root key is not there though keys are wrapped with it.
  case rootMissing(path: String)
  /// The root key's file has the wrong size.
  case rootDamaged(path: String)
  case damagedEnvelope(FormatError)
  /// Not this key's envelope, or changed since it was written.
  case notAuthentic(object: String)
  case keyMissing(object: String)
  case crypto(CryptoError)
  case store(StoreError)

  package var summary: String {
    switch self {
    case .rootMissing(let path): "the vault's root key is missing: \(path)"
    case .rootDamaged(let path): "the vault's root key is damaged: \(path)"
    case .damagedEnvelope(let problem): problem.summary
    case .notAuthentic(let object): "the stored key of '\(object)' is not authentic"
    case .keyMissing(let object): "there is no key for '\(object)'"
    case .crypto(let error): error.summary
    case .store(let error): error.summary
    }
  }

  package var hint: String? {
    switch self {
    case .rootMissing: "restore it from a backup: without it nothing that it wrapped can be opened"
    case .store(let error): error.hint
    case .rootDamaged, .damagedEnvelope, .notAuthentic, .keyMissing, .crypto: nil
    }
  }
}

extension VaultError: StoreFailure {
  package init(_ error: StoreError) { self = .store(error) }
}
