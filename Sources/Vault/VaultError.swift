package import Bytes
package import CVMCrypto
package import StateStore

/// Why an escrow brings no KEK back.
package enum RecoveryProblem: Equatable, Sendable {
  case notLost(version: UInt32)
  case destroyed(version: UInt32)
  case otherKind
  /// No key that it has sealed opens with it.
  case foreign

  var words: String {
    switch self {
    case .notLost(let version): "version \(version) of the tenant's KEK is not lost: the vault opens it"
    case .destroyed(let version):
      "version \(version) of the tenant's KEK was destroyed: what it had sealed is under a later one"
    case .otherKind: "the tenant's KEK of that version is of another kind"
    case .foreign: "nothing that this version of the tenant's KEK has sealed opens with the key in the escrow"
    }
  }

  var hint: String? {
    switch self {
    case .destroyed: "an escrow made after the last key rotate --kek or key migrate is needed"
    case .notLost, .otherKind, .foreign: nil
    }
  }
}

/// Why the vault gave no key.
package enum VaultError: Error, Equatable, Sendable {
  /// The root key is not there though keys are wrapped with it.
  case rootMissing(path: String)
  /// The root key's file has the wrong size.
  case rootDamaged(path: String)
  /// The root key's file is no seal that this version knows.
  case malformedSeal(path: String, FormatError)
  /// The root key is sealed, and no agent holds it.
  case locked(SealKind)
  /// The vault has a root key already.
  case exists(path: String)
  /// Another process changed the root key meanwhile.
  case changed(path: String)
  /// Not the passphrase, or not the shares, of this vault.
  case wrongOpening(SealKind)
  /// Something was given that opens another kind of seal than this.
  case otherSeal(SealKind)
  case malformedShare(file: String)
  /// A share of another set than the vault's.
  case foreignShare(file: String, set: String)
  case fewShares(given: Int, needed: Int)
  /// What a PKCS#11 token of that label did not do.
  case token(TokenProblem, String)
  /// What a TPM did not do.
  case tpm(TPMProblem)
  /// The agent could not be started or reached; why, by the system's number.
  case agent(errno: Int32)
  case damagedEnvelope(FormatError)
  /// Not this key's envelope, or changed since it was written.
  case notAuthentic(object: String)
  case keyMissing(object: String)
  /// A KEK that is not lost, or in which nothing shows that it is the lost one.
  case notRecoverable(RecoveryProblem)
  /// The tenant holds the private half of its KEK itself.
  case heldByTenant(String)
  /// A file that was sealed to another than who is to open it: to this one.
  case otherRecipient(fingerprint: String)
  case crypto(CryptoError)
  case store(StoreError)

  package var summary: String {
    switch self {
    case .rootMissing(let path): "the vault's root key is missing: \(path)"
    case .rootDamaged(let path): "the vault's root key is damaged: \(path)"
    case .malformedSeal(let path, let problem): "\(path): \(problem.summary)"
    case .locked(let seal): "the vault is locked: its root key is sealed by \(seal.words)"
    case .exists(let path): "the vault has a root key already: \(path)"
    case .changed(let path): "the vault's root key changed meanwhile: \(path)"
    case .wrongOpening(.shamir): "these shares do not open the vault"
    case .wrongOpening(.pkcs11): "the token's key does not open the vault"
    case .wrongOpening(.tpm2): "what the TPM has sealed does not open the vault"
    case .wrongOpening: "that is not the vault's passphrase"
    case .otherSeal(let seal): "the vault is sealed by \(seal.words)"
    case .malformedShare(let file): "\(file): no share of a root key, or a mistyped one"
    case .foreignShare(let file, let set): "\(file): a share of another set than the vault's, \(set)"
    case .fewShares(let given, let needed): "\(needed) shares are needed, \(given) were given"
    case .token(let problem, let label): "token '\(label)': \(problem.words)"
    case .tpm(let problem): "the TPM: \(problem.words)"
    case .agent(let number): "the vault's agent did not start (errno \(number))"
    case .damagedEnvelope(let problem): problem.summary
    case .notAuthentic(let object): "the stored key of '\(object)' is not authentic"
    case .keyMissing(let object): "there is no key for '\(object)'"
    case .notRecoverable(let problem): problem.words
    case .heldByTenant(let tenant):
      "tenant '\(tenant)' holds its own key: the vault seals its keys and cannot open them"
    case .otherRecipient(let fingerprint): "sealed to another recipient, \(fingerprint)"
    case .crypto(let error): error.summary
    case .store(let error): error.summary
    }
  }

  package var hint: String? {
    switch self {
    case .rootMissing:
      "restore it from a backup: without it nothing that it wrapped can be opened; if it is lost: vault init --replace-lost"
    case .store(let error): error.hint
    case .locked: "cvmctl vault unlock"
    case .exists: "move it under another seal: cvmctl vault rekey --seal KIND"
    case .otherSeal(.passphrase): "unlock it with its passphrase"
    case .otherSeal(.shamir): "unlock it with --share FILE for each share"
    case .otherSeal(.pkcs11): "unlock it with the token's PIN"
    case .otherSeal(.tpm2): "its PIN unlocks it, if it has one"
    case .otherSeal(.file): "it needs no unlocking"
    case .tpm(let problem): problem.hint
    case .malformedSeal: "restore it from a backup, or use the version of cvmctl that wrote it"
    case .changed: "run the command again"
    case .wrongOpening, .malformedShare, .foreignShare, .fewShares, .token, .agent: nil
    case .heldByTenant: "its owner can: cvmctl key export NAME --sealed, and key open with the identity"
    case .notRecoverable(let problem): problem.hint
    case .rootDamaged, .damagedEnvelope, .notAuthentic, .keyMissing, .otherRecipient, .crypto: nil
    }
  }
}

/// Runs a call of the store, its errors as the vault's.
func stored<R>(_ body: () throws(StoreError) -> R) throws(VaultError) -> R {
  do { return try body() } catch { throw .store(error) }
}

extension VaultError: StoreFailure {
  package init(_ error: StoreError) { self = .store(error) }
}
