import CVMCrypto

/// The part of the AMD-SP's state that belongs to no guest.
package struct Platform {
  package internal(set) var isInitialized = false
  /// Whether INIT asked for SEV-ES.
  package internal(set) var isES = false
  /// Whether an owner's OCA was imported.
  package internal(set) var isOwnedExternally = false
  /// Nil before the first INIT and after PLATFORM_RESET.
  package internal(set) var keys: PlatformKeys?
  package internal(set) var asids: ASIDTable
  /// Whether every core executed WBINVD since an ASID became dirty.
  package internal(set) var cachesAreWrittenBack = false

  init(asidCount: UInt32) { asids = ASIDTable(count: asidCount) }
}

/// The keys that persist over SHUTDOWN, until PLATFORM_RESET or PEK_GEN. The private half of a self-made OCA
/// is forgotten as soon as it has signed the PEK. Certificates are kept as bytes: most commands do not look
/// into them.
package struct PlatformKeys {
  /// Owner certificate authority: self-signed by the platform, or the owner's.
  package let oca: [UInt8]
  /// Platform endorsement key, signed by the OCA and by the CEK.
  package let pek: [UInt8]
  let pekScalar: SecretBytes
  /// Platform Diffie-Hellman key, signed by the PEK.
  package internal(set) var pdh: [UInt8]
  var pdhScalar: SecretBytes
}
