import Bytes
import CVMCrypto
import StateStore
import Vault

/// Keys that leave the vault, and keys that come from another one.
extension Core {
  /// Writes a key's bytes to a new file that only its owner can read. Whoever has the file has the key.
  package func exportKey(
    _ name: String, version: Int64?, to path: String, evenCompromised: Bool
  ) throws(CoreError) -> KeyInfo {
    try OutputFile.requireAbsent(path)
    let key = try openKey(
      name, version: version, for: .process, evenCompromised: evenCompromised, act: "key.export")
    try OutputFile.create(path, secret: key.secret)
    return try info(key.row, in: try store())
  }

  /// Writes a key to a new file that only the recipient can open.
  package func exportKey(
    _ name: String, version: Int64?, for recipientFile: String, to path: String, evenCompromised: Bool
  ) throws(CoreError) -> KeyInfo {
    try OutputFile.requireAbsent(path)
    let recipient = try RecipientFiles.recipient(recipientFile)
    let key = try openKey(
      name, version: version, for: .process, evenCompromised: evenCompromised, act: "key.export",
      detail: [(key: "recipient", value: Hex.encode(recipient.fingerprint))])
    let context = try context(key.row, Int64(key.version))
    let file: ExportedKey
    do {
      file = try ExportedKey(key.secret, of: context, algorithm: key.row.algorithm, to: recipient)
    } catch {
      throw .vault(error)
    }
    try OutputFile.create(path, file.serialized(), mode: 0o644)
    return try info(key.row, in: try store())
  }

  /// Writes what verifies a key's signatures to a new file. The vault opens the key for it, so that nobody can have put another
  /// public key in its place.
  package func exportPublicKey(
    _ name: String, version: Int64?, to path: String, evenCompromised: Bool
  ) throws(CoreError) -> KeyInfo {
    try OutputFile.requireAbsent(path)
    let row = try namedKey(try KeyName.check(name), in: try store())
    let algorithm = try algorithm(of: row)
    guard algorithm.isSigning else {
      throw .usage("key '\(name)' is \(algorithm.rawValue): it has no public half")
    }
    let key = try openKey(
      name, version: version, for: .process, evenCompromised: evenCompromised, act: "key.export",
      detail: [(key: "form", value: "public")])
    let kept = try versions(of: row, in: try store()).first { $0.version == Int64(key.version) }?.publicKey
    guard let publicKey = try algorithm.publicKey(of: key.secret), Hex.encode(publicKey.bytes) == kept else {
      throw .store(
        .corrupt(file: StateStore.fileName, reason: "the public half of key '\(name)' is not its own"))
    }
    try OutputFile.create(path, publicKey.file, mode: 0o644)
    return try info(row, in: try store())
  }

  /// Writes a key of a tenant that holds its own key to a new file, as the vault keeps it: only the tenant can open it.
  package func handOverKey(_ name: String, version: Int64?, to path: String) throws(CoreError) -> KeyInfo {
    try requireWritable()
    try OutputFile.requireAbsent(path)
    let name = try KeyName.check(name)
    let (info, file) = try acted(
      "key.export", object: NamedKeyRow.prefix + name, detail: [(key: "form", value: "sealed")]
    ) { transaction throws(CoreError) in
      try requireActive(transaction)
      let row = try namedKey(name, in: transaction)
      let all = try versions(of: row, in: transaction)
      guard let chosen = version == nil ? all.last : all.first(where: { $0.version == version }) else {
        throw .notFound(.key, "\(name)@\(version ?? 0)")
      }
      guard chosen.state.allows(.process, evenCompromised: true) else {
        throw .policy(.keyState(key: name, version: chosen.version, state: chosen.state.rawValue))
      }
      let found = try stored { () throws(StoreError) in
        try transaction.wrappedKey(
          tenant: tenant, object: row.object, purpose: row.purpose, version: chosen.version)
      }
      guard let found else { throw .notFound(.key, name) }
      let context = try context(row, chosen.version)
      let file = try vaulted { vault throws(VaultError) in
        try vault.handOver(found.envelope, of: context, algorithm: row.algorithm)
      }
      guard let file else {
        throw .conflict(
          "tenant '\(tenant)' does not hold its own key: the vault opens this one",
          hint: "cvmctl key export \(name) --recipient FILE")
      }
      return (try self.info(row, in: transaction), file)
    }
    try OutputFile.create(path, file.serialized(), mode: 0o644)
    return info
  }

  /// Takes a key that was exported to a recipient. Purpose and algorithm are those that it had, and so is its name.
  package func importKey(
    _ name: String, exported path: String, identity: String, rotation: KeyRotation
  ) throws(CoreError) -> KeyInfo {
    let name = try KeyName.check(name)
    let (file, secret) = try RecipientFiles.opened(path, identity: identity)
    guard file.object == NamedKeyRow.prefix + name else {
      throw .usage("\(path): not key '\(name)' but '\(file.name)'", hint: "a key keeps its name")
    }
    guard let algorithm = KeyAlgorithm(rawValue: file.algorithm) else {
      throw .unsupported("\(path): a key of algorithm \(file.algorithm), which this version does not know")
    }
    try algorithm.require(secret, from: path)
    let origin = [
      (key: "fromTenant", value: file.tenant), (key: "fromVersion", value: String(file.version)),
    ]
    return try addKey(
      name, purpose: file.purpose, algorithm, rotation, act: "key.import", detail: origin,
      secret: { () throws(CoreError) in secret })
  }
}

extension ExportedKey {
  /// Of a named key; of a KEK, the word for it.
  var name: String {
    object.hasPrefix(NamedKeyRow.prefix) ? String(object.dropFirst(NamedKeyRow.prefix.count)) : object
  }
}
