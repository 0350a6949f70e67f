import CVMCrypto
package import SEV

/// What the AMD-SP knows about one guest. The keys never leave it.
package struct GuestContext {
  package let policy: SEVPolicy
  package internal(set) var state: GuestState
  /// VEK, 32 bytes: the key of the guest's memory.
  let memoryKey: SecretBytes
  /// TEK and TIK; nil from LAUNCH_FINISH on.
  var transportKeys: TransportKeys?
  var digest: LaunchDigest
  /// The 32-byte HMAC that LAUNCH_MEASURE gave; nil before it and from LAUNCH_FINISH on.
  var measurement: [UInt8]?

  var cipher: MemoryCipher { MemoryCipher(key: memoryKey) }
}

/// The launch digest (LD): SHA-256 over the plaintext of every LAUNCH_UPDATE in the order of the calls.
enum LaunchDigest {
  /// Still growing; in this process only.
  case open(SHA256.Stream)
  case closed([UInt8])
  /// A guest that came from another platform has none.
  case absent
}
