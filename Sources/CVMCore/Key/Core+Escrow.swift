import Bytes
import CVMCrypto
import Documents
import StateStore
package import Vault

/// A tenant's KEK in other hands, for the day on which the vault's root key is lost: only where somebody asks for it.
extension Core {
  /// Seals the tenant's active KEK to each of these, and writes one file for each into a directory: `escrow-1`, ….
  package func escrowKEK(
    recipients paths: [String], in directory: String
  ) throws(CoreError) -> [KEKEscrow] {
    try requireWritable()
    let recipients = try paths.map { path throws(CoreError) in try RecipientFiles.recipient(path) }
    let targets = recipients.indices.map { "\(directory)/escrow-\($0 + 1)" }
    for target in targets { try OutputFile.requireAbsent(target) }
    try OutputFile.makeDirectory(directory)
    try prepareVault()
    let detail = recipients.map { (key: "recipient", value: Hex.encode($0.fingerprint)) }
    let files = try acted("key.escrow", object: Vault.kekObject, detail: detail) {
      transaction throws(CoreError) in
      try vaulted { vault throws(VaultError) in try vault.escrow(to: recipients, in: transaction) }
    }
    for (target, file) in zip(targets, files) { try OutputFile.create(target, file.serialized()) }
    return try escrows(held: recipients.map(\.fingerprint))
  }

  /// Seals the tenant's active KEK under a random key, and writes that in shares into a directory: `escrow`, and `share-1`, ….
  package func escrowKEK(
    shares: Int, threshold: Int, in directory: String
  ) throws(CoreError) -> [KEKEscrow] {
    try requireWritable()
    let target = directory + "/escrow"
    try OutputFile.requireAbsent(target)
    for number in 1...max(1, shares) { try OutputFile.requireAbsent("\(directory)/share-\(number)") }
    try OutputFile.makeDirectory(directory)
    try prepareVault()
    let detail = [(key: "shares", value: String(shares)), (key: "threshold", value: String(threshold))]
    let (file, parts) = try acted("key.escrow", object: Vault.kekObject, detail: detail) {
      transaction throws(CoreError) in
      try vaulted { vault throws(VaultError) in
        try vault.escrow(threshold: threshold, shares: shares, in: transaction)
      }
    }
    try OutputFile.create(target, file.serialized())
    try ShareFiles(writing: parts, in: directory, of: nil).publish()
    return try escrows(held: [file.shareSet ?? []])
  }

  private func escrows(held holders: [[UInt8]]) throws(CoreError) -> [KEKEscrow] {
    let store = try store()
    let rows = try stored { () throws(StoreError) in try Vault.escrows(of: tenant, in: store) }
    let newest = rows.map(\.version).max()
    return rows.filter { $0.version == newest && holders.contains($0.holder) }.map(KEKEscrow.init)
  }

  /// Who opens an escrow.
  package enum EscrowOpening {
    /// The file of an identity.
    case identity(String)
    case shares([KeyShare])
  }

  /// Puts a KEK from its escrow back under the root key that there is now, one that does not open the tenant's own any more.
  package func recoverKEK(
    from path: String, by opening: EscrowOpening
  ) throws(CoreError) -> RecoveredKEK {
    try requireWritable()
    try requireOperator("recover keys")
    let file = try RecipientFiles.exported(path)
    guard file.kind == .escrow else {
      throw .usage("\(path): an exported key, not a KEK in escrow", hint: "cvmctl key import")
    }
    guard file.tenant == tenant else {
      throw .usage(
        "\(path): the escrow of tenant '\(file.tenant)', not of '\(tenant)'", hint: "--tenant \(file.tenant)")
    }
    let secret =
      switch opening {
      case .identity(let identity):
        try RecipientFiles.open(file, path, try RecipientFiles.identity(identity))
      case .shares(let shares): try Self.open(file, path, shares)
      }
    return try acted(
      "key.recover", object: Vault.kekObject, detail: [(key: "version", value: String(file.version))]
    ) { transaction throws(CoreError) in
      try vaulted { vault throws(VaultError) in try vault.recover(secret, from: file, in: transaction) }
      return RecoveredKEK(tenant: tenant, version: file.version, wrapping: file.algorithm)
    }
  }

  /// Puts the public key of a tenant that holds its own key back under the root key that there is now. `.refused` for another key
  /// than the log says that the tenant was made with.
  /// - Parameter path: the recipient's file.
  package func recoverKEK(holder path: String) throws(CoreError) -> RecoveredKEK {
    try requireWritable()
    try requireOperator("recover keys")
    let recipient = try RecipientFiles.recipient(path)
    let store = try store()
    let made = try stored { () throws(StoreError) in
      try store.auditEntries(AuditFilter(tenant: tenant, act: "tenant.create"), limit: 1, newest: true)
    }
    guard let holder = made.last?.record.detail["holder"]?.text else {
      throw .conflict("tenant '\(tenant)' does not hold its own key", hint: "cvmctl key recover FILE")
    }
    guard holder == Hex.encode(recipient.fingerprint) else {
      throw .refused("\(path): tenant '\(tenant)' was made with another key, \(holder)")
    }
    return try acted("key.recover", object: Vault.kekObject, detail: [(key: "holder", value: holder)]) {
      transaction throws(CoreError) in
      try vaulted { vault throws(VaultError) in try vault.recover(holder: recipient, in: transaction) }
      return RecoveredKEK(tenant: tenant, version: 1, wrapping: KEKKind.xWing.rawValue)
    }
  }

  private static func open(
    _ file: ExportedKey, _ path: String, _ shares: [KeyShare]
  ) throws(CoreError) -> SecretBytes {
    do { return try file.open(with: shares) } catch .notAuthentic {
      throw .refused("\(path): these shares do not open it, or it was changed")
    } catch {
      throw .vault(error)
    }
  }
}

/// A tenant's KEK that came back.
package struct RecoveredKEK: Encodable, Equatable, Sendable {
  package var tenant: String
  package var version: UInt32
  /// `aes-256-gcm`, `x-wing`.
  package var wrapping: String
  package let simulated = false
}
