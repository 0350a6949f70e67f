package import Bytes
import CVMCrypto
package import StateStore

/// The versions of a tenant's KEK. A new one is active at once; what hangs on an old one is wrapped anew, and then the old one is
/// destroyed. Every step is inside an act of the caller.
extension Vault {
  /// Makes the tenant's KEK if it has none. Afterwards `wrap` can be used within an act: it then sees the act's own changes, and
  /// nobody can replace the KEK before the envelope is stored.
  package func prepare(_ tenant: String, at now: Timestamp) throws(VaultError) {
    _ = try activeKEK(of: tenant, at: now)
  }

  /// The versions that were replaced and still exist, oldest first: a rotation that did not come to its end.
  package func supersededKEKs(of tenant: String) throws(VaultError) -> [UInt32] {
    try kekRows(tenant).filter { $0.state == KeyState.deactivated.rawValue }.compactMap {
      UInt32(exactly: $0.version)
    }
  }

  /// How the tenant's active KEK seals; nil before it has one.
  package func activeKind(of tenant: String) throws(VaultError) -> KEKKind? {
    try kekRows(tenant).last { $0.state == KeyState.active.rawValue }.map { (row) throws(VaultError) in
      try Self.kind(of: row)
    }
  }

  /// Adds a version, which is active from now on; the one before opens only what it has sealed.
  /// - Parameter kind: nil for the kind of the one before.
  package func addKEK(
    _ kind: KEKKind? = nil, in transaction: borrowing Transaction
  ) throws(VaultError) -> UInt32 {
    let tenant = transaction.tenant
    let rows = try kekRows(tenant)
    guard let last = rows.last, let version = UInt32(exactly: last.version + 1) else {
      throw .keyMissing(object: Self.kekObject)
    }
    let current = try Self.kind(of: last)
    guard current != .held else { throw .heldByTenant(tenant) }
    let kind = kind ?? current
    try requireCurrentRoot()
    let envelope = try sealedByRoot(try Self.freshKEK(kind), kind, tenant, version)
    for row in rows where row.state == KeyState.active.rawValue {
      try stored { () throws(StoreError) in
        try transaction.setKeyState(
          object: Self.kekObject, purpose: Self.kekPurpose, version: row.version,
          state: KeyState.deactivated.rawValue, reason: "superseded")
      }
    }
    try stored { () throws(StoreError) in
      try transaction.insertWrappedKey(
        object: Self.kekObject, purpose: Self.kekPurpose, version: Int64(version),
        state: KeyState.active.rawValue, envelope: envelope, algorithm: kind.rawValue)
    }
    return version
  }

  /// What wraps envelopes anew within one act.
  package func rewrapping(of tenant: String, at now: Timestamp) throws(VaultError) -> Rewrapping {
    let (kek, version) = try activeKEK(of: tenant, at: now)
    return Rewrapping(vault: self, tenant: tenant, kek: kek, version: version)
  }

  /// A tenant's active KEK, as long as an act lasts.
  package struct Rewrapping {
    fileprivate let vault: Vault
    fileprivate let tenant: String
    fileprivate let kek: KEK
    package let version: UInt32

    /// The secret of an envelope in one of the active KEK; nil where it is in such a one already.
    package func envelope(
      _ old: [UInt8], object: String, version: UInt32, purpose: String
    ) throws(VaultError) -> [UInt8]? {
      let parsed = try Vault.parsed(old)
      guard parsed.kekVersion != self.version else { return nil }
      let context = KeyContext(tenant: tenant, object: object, version: version, purpose: purpose)
      let secret = try vault.kek(of: tenant, version: parsed.kekVersion).open(parsed, context)
      return try kek.seal(secret, version: self.version, context)
    }
  }

  /// Erases a version that nothing hangs on any more; false where something does. Its bytes are out of all files after the
  /// store's `checkpoint`.
  package func destroyKEK(_ version: UInt32, in transaction: borrowing Transaction) throws(VaultError) -> Bool
  {
    let tenant = transaction.tenant
    let isNeeded = try stored { () throws(StoreError) in
      try transaction.holdsEnvelopes(tenant: tenant, sealedBy: version)
    }
    guard !isNeeded else { return false }
    try stored { () throws(StoreError) in
      try transaction.updateWrappedKey(
        object: Self.kekObject, purpose: Self.kekPurpose, version: Int64(version),
        state: KeyState.destroyed.rawValue,
        envelope: [])
    }
    forget(version, of: tenant)
    return true
  }
}
