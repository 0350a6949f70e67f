import Bytes
import CVMCrypto
import StateStore
import Vault

/// A key that was opened for one use.
struct OpenedKey {
  let row: NamedKeyRow
  let version: UInt32
  let secret: SecretBytes
}

extension Core {
  /// Opens a version of a key, counts the use, and wraps the key anew where its envelope is of an old KEK: all in one recorded
  /// act. Throws where the version's state forbids the use.
  /// - Parameter version: nil stands for the newest.
  func openKey(
    _ name: String, version: Int64? = nil, for use: KeyUse, evenCompromised: Bool = false, act: String,
    detail: [(key: String, value: String)] = [],
    keep: (borrowing Transaction, Int64) throws(StoreError) -> Void = { _, _ in }
  ) throws(CoreError) -> OpenedKey {
    try requireWritable()
    let name = try KeyName.check(name)
    try prepareVault()
    return try acted(act, object: NamedKeyRow.prefix + name, detail: detail) {
      transaction throws(CoreError) in
      let row = try namedKey(name, in: transaction)
      let all = try versions(of: row, in: transaction)
      guard let chosen = version == nil ? all.last : all.first(where: { $0.version == version }) else {
        throw .notFound(.key, "\(name)@\(version ?? 0)")
      }
      guard chosen.state.allows(use, evenCompromised: evenCompromised) else {
        throw .policy(.keyState(key: name, version: chosen.version, state: chosen.state.rawValue))
      }
      let secret = try open(row, chosen, in: transaction)
      try stored { () throws(StoreError) in
        try transaction.countUse(object: row.object, purpose: row.purpose, version: chosen.version)
        try keep(transaction, chosen.version)
      }
      return OpenedKey(row: row, version: try context(row, chosen.version).version, secret: secret)
    }
  }

  private func open(
    _ row: NamedKeyRow, _ version: KeyDetails.KeyVersion, in transaction: borrowing Transaction
  ) throws(CoreError) -> SecretBytes {
    let found: WrappedKeyRow?
    do throws(StoreError) {
      found = try transaction.wrappedKey(
        tenant: tenant, object: row.object, purpose: row.purpose, version: version.version)
    } catch {
      throw .store(error)
    }
    guard let found else { throw .notFound(.key, row.name) }
    let context = try context(row, version.version)
    let (secret, fresh) = try vaulted { vault throws(VaultError) in
      (
        try vault.unwrap(found.envelope, for: context),
        try vault.rewrapping(of: tenant, at: .now()).envelope(
          found.envelope, object: context.object, version: context.version, purpose: context.purpose)
      )
    }
    if let fresh {
      try stored { () throws(StoreError) in
        try transaction.updateWrappedKey(
          object: row.object, purpose: row.purpose, version: version.version, state: found.state,
          envelope: fresh)
      }
    }
    return secret
  }

  /// The key that a launch gives to its guest: the active version, and the launch is remembered with it.
  func launchKey(_ name: String, for record: LaunchRecord) throws(CoreError) -> SecretBytes {
    let row = try namedKey(try KeyName.check(name), in: try store())
    guard try !algorithm(of: row).isSigning else {
      throw .usage("key '\(name)' signs: a guest is not given it")
    }
    let detail = [(key: "launch", value: record.id), (key: "guest", value: record.guest)]
    return try openKey(name, for: .protect, act: "key.use", detail: detail) {
      transaction, version throws(StoreError) in
      try transaction.insertKeyLaunch(
        key: name, version: version, launch: record.id, guest: record.guest)
    }.secret
  }

  /// Encrypts a file of at most 64 KiB under the active version of an AES-256 key, into a new file.
  package func wrapFile(_ input: String, to output: String, key name: String) throws(CoreError) -> KeyInfo {
    try OutputFile.requireAbsent(output)
    let data = try InputFile.readSecret(input)
    guard data.count > 0 else { throw .usage("\(input): there is nothing to wrap") }
    let key = try dataKey(name, version: nil, for: .protect, evenCompromised: false, act: "key.wrap")
    let envelope: [UInt8]
    do {
      envelope = try Vault.encrypt(
        data, key: key.secret, version: key.version, of: key.row.object, tenant: tenant)
    } catch {
      throw .vault(error)
    }
    try OutputFile.create(output, envelope)
    return try info(key.row, in: try store())
  }

  /// Decrypts what `wrapFile` wrote, with the version that it names, into a new file that only its owner can read.
  package func unwrapFile(
    _ input: String, to output: String, key name: String, evenCompromised: Bool
  ) throws(CoreError) -> KeyInfo {
    try OutputFile.requireAbsent(output)
    let envelope: Envelope
    do {
      envelope = try Envelope(parsing: try InputFile.read(input, limit: InputFile.smallLimit))
    } catch let error as FormatError {
      throw .malformedBytes(source: input, error)
    } catch {
      throw error as? CoreError ?? .usage("\(input): not readable")
    }
    let key = try dataKey(
      name, version: Int64(envelope.kekVersion), for: .process, evenCompromised: evenCompromised,
      act: "key.unwrap")
    let data: SecretBytes
    do {
      data = try Vault.decrypt(envelope, key: key.secret, of: key.row.object, tenant: tenant)
    } catch .notAuthentic {
      throw .refused("\(input): was not wrapped with key '\(name)', or was changed since")
    } catch {
      throw .vault(error)
    }
    try OutputFile.create(output, secret: data)
    return try info(key.row, in: try store())
  }

  private func dataKey(
    _ name: String, version: Int64?, for use: KeyUse, evenCompromised: Bool, act: String
  ) throws(CoreError) -> OpenedKey {
    let row = try namedKey(try KeyName.check(name), in: try store())
    guard try algorithm(of: row) == .aes256 else {
      throw .usage("key '\(name)' is \(row.algorithm): data is wrapped with aes-256 keys")
    }
    return try openKey(name, version: version, for: use, evenCompromised: evenCompromised, act: act)
  }
}
