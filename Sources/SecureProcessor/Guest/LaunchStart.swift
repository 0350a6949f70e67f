package import SEV

import CVMCrypto

/// The arguments of LAUNCH_START. Source: AMD 55766, section 6.2.
package struct LaunchStart: Sendable {
  package var policy: SEVPolicy
  /// The guest owner's half of the launch; nil: the session is not looked at, TEK and TIK are zero, and
  /// neither measurement nor secret protects anything.
  package var session: LaunchSession?
  /// Nil: a memory key of its own.
  package var sharesKeyWith: GuestHandle?

  package init(policy: SEVPolicy, session: LaunchSession? = nil, sharesKeyWith: GuestHandle? = nil) {
    self.policy = policy
    self.session = session
    self.sharesKeyWith = sharesKeyWith
  }
}

/// What a guest owner sends ahead of a launch: bytes from outside, unchecked.
package struct LaunchSession: Equatable, Sendable {
  /// The owner's DH certificate, 2084 bytes.
  package var certificate: [UInt8]
  /// NONCE, wrapped keys and their MACs, 128 bytes.
  package var blob: [UInt8]

  package init(certificate: [UInt8], blob: [UInt8]) {
    self.certificate = certificate
    self.blob = blob
  }
}

extension SecureProcessor {
  /// LAUNCH_START: a new guest in LUPDATE. Returns its handle, the lowest free one.
  package mutating func launchStart(
    _ request: LaunchStart, entropy: any Entropy
  ) throws(CommandFailure) -> GuestHandle {
    try requirePlatform(.initialized, .working)
    let keys = try transportKeys(request)
    let shared = try memoryKey(sharedBy: request)
    guard let handle = Self.handles.first(where: { guests[$0] == nil }) else {
      throw CommandFailure(.resourceLimit)
    }
    try require(!request.policy.es || platform.isES, else: .unsupported)
    let contextID = try hardware { () throws(CryptoError) in try entropy.bytes(GuestSlot.contextIDSize) }
    let memoryKey =
      if let shared { shared } else {
        try hardware { () throws(CryptoError) in try entropy.secret(AES128XTS.keySize) }
      }
    let digest = try hardware { () throws(CryptoError) in try SHA256.Stream() }
    guests[handle] = GuestSlot(
      contextID: contextID,
      context: GuestContext(
        policy: request.policy, state: .launchUpdate, memoryKey: memoryKey, transportKeys: keys,
        digest: .open(digest)))
    return handle
  }

  /// The keys inside the session. Its checks come first of all but the platform state's.
  private func transportKeys(_ request: LaunchStart) throws(CommandFailure) -> TransportKeys {
    guard let session = request.session else {
      let zero = SecretBytes(count: TransportKeys.keySize)
      return try hardware { () throws(CryptoError) in try TransportKeys(tek: zero, tik: zero) }
    }
    return try unwrap(session, policy: request.policy)
  }

  /// INVALID_GUEST for an unknown guest; POLICY_FAILURE unless both policies are equal and allow sharing. The
  /// state of the other guest does not matter, and its owner is not asked: this is what NOKS forbids.
  private func memoryKey(sharedBy request: LaunchStart) throws(CommandFailure) -> SecretBytes? {
    guard let handle = request.sharesKeyWith else { return nil }
    let other = try context(handle)
    try require(
      other.policy == request.policy && !other.policy.noKeySharing, else: .policyFailure)
    return other.memoryKey
  }
}
