package import Bytes
package import CVMCrypto
package import Documents
package import SEV
package import StateStore
package import Vault

/// The kinds of thing that a name can stand for, in the words of the command line.
package enum ObjectKind: String, Equatable, Sendable {
  case guest, policy, tenant, token, launch, file, key
  case host = "simulated host"
  case hostCertificates = "host certificates"
  case auditRecord = "audit record"
  case referenceValue = "reference value"
}

/// What stops an act of the core. Each case carries what the user needs to act on it.
package enum CoreError: Error, Sendable {
  /// A value or an option is not acceptable.
  case usage(String, hint: String? = nil)
  case malformedDocument(source: String, DocumentError)
  case malformedBytes(source: String, FormatError)
  case unmeasurable(source: String, MeasureError)
  case malformedGuest(source: String, GuestDefinitionProblem)
  case file(path: String, FileProblem)
  case notFound(ObjectKind, String)
  case alreadyExists(ObjectKind, String)
  case conflict(String, hint: String? = nil)
  case policy(PolicyViolation)
  case unsupportedFirmware(path: String, FirmwareShortcoming)
  case unsupported(String, hint: String? = nil)
  /// Who acts has no right to it.
  case forbidden(String, hint: String? = nil)
  /// The AMD-SP's measurement is not the expected one; the guest was destroyed.
  case measurementMismatch(guest: String, differences: [String])
  /// A launch is not what a reference value says of it. `differences` is never empty.
  case referenceMismatch(reference: String, differences: [String])
  /// Evidence or a certificate chain was not accepted.
  case refused(String, hint: String? = nil)
  case simulated(what: String)
  case backend(BackendError)
  case store(StoreError)
  case vault(VaultError)
  /// What the TPM that the log is anchored in did not do.
  case tpm(TPMProblem)
  case crypto(CryptoError)
  /// SIGINT or SIGTERM: what was begun was undone.
  case interrupted(signal: Int32, guest: String)
}

/// What a guest's launch would give away, or how it left its definition.
package enum PolicyViolation: Equatable, Sendable {
  case debugAllowed(policy: String)
  case keySharingAllowed(policy: String)
  case reservedBits(policy: String)
  case wrongType(policy: String, type: String)
  case unmeasuredKernel(guest: String)
  case unattestable(guest: String)
  case launchSecurityRemoved(guest: String)
  /// libvirt's definition, or what runs, is not the recorded one: the names of what differs.
  case drift(guest: String, differences: [String])
  case writableFirmwareStore(guest: String)
  /// A version of a key, nil for a key without one that could serve, is in a state that forbids the use.
  case keyState(key: String, version: Int64?, state: String)
  /// The tenant's guests don't start and its keys don't open.
  case tenantSuspended(String)
  /// As suspended, for good.
  case tenantDestroyed(String)
}

extension CoreError: StoreFailure {
  package init(_ error: StoreError) { self = .store(error) }
}

/// Why a firmware file cannot carry the launch that is asked for.
package enum FirmwareShortcoming: Equatable, Sendable {
  case noHashArea
  case hashAreaTooSmall(UInt32)
  case noSecretArea
  case secretAreaTooSmall(needed: Int, area: UInt32)
  case noResetBlock
}

/// What is wrong with a file that a user named.
package enum FileProblem: Equatable, Sendable {
  case missing
  case notRegular
  case tooLarge(limit: Int)
  case tooOpen(mode: UInt32)
  case changed
  case unreadable(errno: Int32)
  case exists
  case unwritable(errno: Int32)
}

/// What is wrong with a guest's definition, and where.
package struct GuestDefinitionProblem: Error, Equatable, Sendable {
  /// 1-based line of the input; nil where the value came from elsewhere.
  package var line: Int?
  package var problem: String

  package init(line: Int? = nil, _ problem: String) {
    self.line = line
    self.problem = problem
  }
}
