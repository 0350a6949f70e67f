import Bytes
import StateStore
package import Vault

/// The rotation of a tenant's KEK: a new version, then everything that hangs on the old ones wrapped anew in batches, then the old
/// ones destroyed. Each part is an act of its own, and what was interrupted is where the next run begins.
extension Core {
  /// Envelopes in one transaction: enough that its commit costs little for each, few enough that others need not wait.
  private static let batch = 5000

  package func rotateKEK() throws(CoreError) -> KEKRotation { try rotateKEK(to: nil) }

  /// Gives the tenant a KEK of another kind, and wraps everything anew with it. Goes on where it was interrupted.
  package func migrateKeys(to kind: KEKKind) throws(CoreError) -> KEKRotation {
    try requireWritable()
    try prepareVault()
    func active() throws(CoreError) -> KEKKind? {
      try vaulted { vault throws(VaultError) in try vault.activeKind(of: tenant) }
    }
    let isUnderWay = try !supersededKEKs().isEmpty
    if try active() == kind {
      guard isUnderWay else {
        throw .conflict("the keys of tenant '\(tenant)' are wrapped with \(kind.rawValue)")
      }
      return try rotateKEK(to: nil)
    }
    if isUnderWay { _ = try rotateKEK(to: nil) }
    return try rotateKEK(to: kind)
  }

  private func rotateKEK(to kind: KEKKind?) throws(CoreError) -> KEKRotation {
    try requireWritable()
    try prepareVault()
    let (version, isResumed) = try newKEK(kind)
    var count = 0
    while true {
      let done = try rewrapBatch()
      guard done > 0 else { break }
      count += done
    }
    let wrapping = try vaulted { vault throws(VaultError) in try vault.activeKind(of: tenant) }
    return KEKRotation(
      tenant: tenant, version: version, wrapping: wrapping?.sealing.name ?? "", resumed: isResumed,
      rewrapped: count,
      destroyed: try destroySupersededKEKs())
  }

  /// A version more; none where an interrupted rotation has left one that is not in use everywhere.
  private func newKEK(_ kind: KEKKind?) throws(CoreError) -> (version: UInt32, isResumed: Bool) {
    let isResumed = try !supersededKEKs().isEmpty
    if isResumed {
      return (
        try vaulted { vault throws(VaultError) in try vault.rewrapping(of: tenant, at: .now()).version },
        true
      )
    }
    let detail = kind.map { [(key: "to", value: $0.rawValue)] } ?? []
    return try acted("kek.rotate", object: "kek", detail: detail) { transaction throws(CoreError) in
      let version = try vaulted { vault throws(VaultError) in try vault.addKEK(kind, in: transaction) }
      return (version, false)
    }
  }

  private func supersededKEKs() throws(CoreError) -> [UInt32] {
    try vaulted { vault throws(VaultError) in try vault.supersededKEKs(of: tenant) }
  }

  /// Wraps some envelopes of superseded KEKs anew; how many, 0 when none is left.
  private func rewrapBatch() throws(CoreError) -> Int {
    let store = try store()
    for kek in try supersededKEKs() {
      let isNeeded = try stored { () throws(StoreError) in
        try store.holdsEnvelopes(tenant: tenant, sealedBy: kek)
      }
      guard isNeeded else { continue }
      return try acted("key.rewrap", object: "kek", detail: [(key: "from", value: String(kek))]) {
        transaction throws(CoreError) in
        let (keys, launches) = try stored { () throws(StoreError) in
          (
            try transaction.wrappedKeys(tenant: tenant, sealedBy: kek, limit: Self.batch),
            try transaction.launches(tenant: tenant, sealedBy: kek, limit: Self.batch)
          )
        }
        let rewrapping = try vaulted { vault throws(VaultError) in
          try vault.rewrapping(of: tenant, at: .now())
        }
        for key in keys { try rewrap(key, rewrapping, in: transaction) }
        for launch in launches { try rewrap(launch, rewrapping, in: transaction) }
        return keys.count + launches.count
      }
    }
    return 0
  }

  private func rewrap(
    _ key: SealedKey, _ rewrapping: Vault.Rewrapping, in transaction: borrowing Transaction
  ) throws(CoreError) {
    guard let version = UInt32(exactly: key.version) else {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the version of \(key.object)"))
    }
    let fresh: [UInt8]?
    do {
      fresh = try rewrapping.envelope(
        key.envelope, object: key.object, version: version, purpose: key.purpose)
    } catch {
      throw .vault(error)
    }
    guard let fresh else { return }
    try stored { () throws(StoreError) in try transaction.replace(key, with: fresh) }
  }

  private func rewrap(
    _ launch: SealedLaunch, _ rewrapping: Vault.Rewrapping, in transaction: borrowing Transaction
  ) throws(CoreError) {
    func fresh(_ old: [UInt8], _ purpose: String) throws(CoreError) -> [UInt8] {
      let context = LaunchRecord.keyContext(tenant: tenant, launch: launch.id, purpose)
      do {
        return try rewrapping.envelope(
          old, object: context.object, version: context.version, purpose: purpose) ?? old
      } catch {
        throw .vault(error)
      }
    }
    let tek = try fresh(launch.tek, "tek")
    let tik = try fresh(launch.tik, "tik")
    try stored { () throws(StoreError) in try transaction.replace(launch, tek: tek, tik: tik) }
  }

  private func destroySupersededKEKs() throws(CoreError) -> [UInt32] {
    var destroyed: [UInt32] = []
    for kek in try supersededKEKs() {
      let isGone = try acted("key.destroy", object: "kek", detail: [(key: "version", value: String(kek))]) {
        transaction throws(CoreError) in
        try vaulted { vault throws(VaultError) in try vault.destroyKEK(kek, in: transaction) }
      }
      if isGone { destroyed.append(kek) }
    }
    if !destroyed.isEmpty {
      let store = try store()
      try stored { () throws(StoreError) in try store.checkpoint() }
    }
    return destroyed
  }
}
