import CVMCrypto
package import StateStore

/// A fresh root key on its way into the place of the one that there is. Killed anywhere, the old one counts, or the new one and
/// then for everything: its file is on disk beside the old one before the act of the store that wraps everything anew and says
/// which file counts; it gets its name afterwards. Callers hold the vault (`SealedVault.exclusively`).
package struct RootRenewal: Sendable {
  private let files: RootKeyFiles
  private let old: SecretBytes
  private let draft: SealedVault.Draft

  init(in files: RootKeyFiles, old: SecretBytes, by draft: SealedVault.Draft) {
    self.files = files
    self.old = old
    self.draft = draft
  }

  /// To be kept before the new root key counts.
  package var shares: [KeyShare] { draft.shares }

  /// Puts the new file beside the old one. Returns its SHA-256.
  package func prepare() throws(VaultError) -> [UInt8] {
    try draft.sealed.write(to: RootKeyFiles.nextName, in: files.directory)
  }

  /// Wraps under the fresh root key what the old one has wrapped. The fresh one counts when the act is on disk.
  /// - Parameter digest: of the new file.
  package func rewrap(_ digest: [UInt8], in transaction: borrowing Transaction) throws(VaultError) {
    let keks = try stored { () throws(StoreError) in
      try transaction.keysUnderRoot(object: Vault.kekObject)
    }
    for kek in keks {
      guard let version = UInt32(exactly: kek.version) else { throw .keyMissing(object: Vault.kekObject) }
      let kind = try Vault.kind(named: kek.algorithm)
      let context = Vault.kekContext(kek.tenant, version, kind)
      guard let envelope = try rewrapped(kek.envelope, context) else {
        throw .notAuthentic(object: "\(Vault.kekObject) \(version) of tenant \(kek.tenant)")
      }
      try stored { () throws(StoreError) in try transaction.replace(kek, with: envelope) }
    }
    let auditKeys = try stored { () throws(StoreError) in try transaction.auditKeys() }
    for key in auditKeys where !key.envelope.isEmpty {
      guard let envelope = try rewrapped(key.envelope, Vault.auditContext(key.version)) else {
        // Of a root key that was lost: another one signs since.
        guard key == auditKeys.last else { continue }
        throw .notAuthentic(object: "audit log")
      }
      try stored { () throws(StoreError) in
        try transaction.replaceEnvelope(ofAuditKey: key.version, with: envelope)
      }
    }
    try stored { () throws(StoreError) in try transaction.setRootKey(sha256: digest) }
  }

  /// Gives the file that counts its name, and removes the other one.
  package func settle() throws(VaultError) { try files.settle() }

  /// Nil for what the old root key does not open.
  private func rewrapped(_ envelope: [UInt8], _ context: KeyContext) throws(VaultError) -> [UInt8]? {
    let parsed = try Vault.parsed(envelope)
    guard parsed.kekVersion == Vault.rootVersion else { return nil }
    let secret: SecretBytes
    do throws(VaultError) {
      secret = try Vault.open(parsed, key: old, context)
    } catch .notAuthentic {
      return nil
    }
    return try Vault.seal(secret, key: draft.root, kekVersion: Vault.rootVersion, context)
  }
}
