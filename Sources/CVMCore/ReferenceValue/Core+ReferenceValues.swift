import Bytes
import CVMCrypto
import PostQuantum
import StateStore
import Vault

/// What launches are expected to measure, kept by name.
extension Core {
  /// The key that signs a tenant's reference values where it names none of its own.
  package static let referenceKey = "reference-values"

  /// The tenant's reference values by name, the newest version of each first, and that alone unless all are asked for.
  package func referenceValues(allVersions: Bool) throws(CoreError) -> [ReferenceValue] {
    let store = try store()
    let rows = try stored { () throws(StoreError) in
      try store.referenceValues(tenant: tenant, allVersions: allVersions)
    }
    return try rows.map { row throws(CoreError) in try SignedReference(row).value }
  }

  /// One of them as the store has it, and whether its signature fits the public half that the store has of its key: the vault,
  /// which could not have been changed with the store, is asked where it is used.
  package func referenceValue(_ text: String) throws(CoreError) -> ShownReference {
    let signed = try SignedReference(try referenceRow(try ReferenceName(text)))
    let store = try store()
    let (name, version) = (signed.value.signingKey.name, signed.value.signingKey.version)
    let bytes = try stored { () throws(StoreError) -> [UInt8]? in
      guard let row = try store.namedKey(tenant: tenant, name: name) else { return nil }
      return try store.keyVersions(tenant: tenant, of: row).first { $0.version == version }?.publicKey
    }
    guard let bytes, let key = try? CompositeSignature.PublicKey(bytes) else {
      return ShownReference(value: signed.value, signature: .unverifiable)
    }
    return ShownReference(value: signed.value, signature: try signed.isSigned(by: key) ? .valid : .invalid)
  }

  /// Records what the launch of a guest, or of a definition that is not stored, will measure.
  package func recordReference(
    _ name: String, _ source: ReferenceSource, key: String?, _ validity: ReferenceValidity,
    toolVersion: String
  ) throws(CoreError) -> ReferenceValue {
    try requireWritable()
    let name = try ReferenceName.check(name)
    let expected = try facts(source)
    let signer = try referenceSigner(key)
    return try keep(name, by: signer, act: "reference.record") { version in
      ReferenceValue(
        tenant: tenant, name: name, version: version, expected: expected, toolVersion: toolVersion,
        madeAt: Timestamp.now().description, validFrom: validity.from?.description,
        validUntil: validity.until?.description, signingKey: signer.name)
    }
  }

  /// Deletes a version of a reference value, `NAME@VERSION`, or all of them. Returns the newest of these.
  package func deleteReference(_ text: String) throws(CoreError) -> ReferenceName {
    try requireWritable()
    let reference = try ReferenceName(text)
    let store = try store()
    try stored { () throws(StoreError) in
      try store.act(record("reference.delete", object: text)) { transaction throws(StoreError) in
        try transaction.deleteReferenceValue(name: reference.name, version: reference.version)
      }
    }
    return reference
  }

  /// A reference value that may be relied on now: signed by the tenant's key as the vault has it, and valid.
  /// - Parameter guest: whose launch is held to it, for the audit log.
  func reliedReference(_ text: String, for guest: String?) throws(CoreError) -> ReferenceValue {
    let detail = guest.map { [(key: "guest", value: $0)] } ?? []
    let (signed, _) = try verifiedReference(text, act: "reference.use", detail)
    try signed.value.requireValid(at: .now())
    return signed.value
  }

  /// Writes a reference value to a new file that everybody may read.
  package func exportReference(
    _ text: String, _ form: ReferenceForm, to path: String
  ) throws(CoreError) -> ReferenceValue {
    _ = try referenceRow(try ReferenceName(text))
    try OutputFile.requireAbsent(path)
    let (signed, key) = try verifiedReference(
      text, act: "reference.export", [(key: "form", value: form.rawValue)])
    let bytes =
      form == .json ? try signed.document(publicKey: key) : try signed.value.unsigned(form)
    try OutputFile.create(path, bytes, mode: 0o644)
    return signed.value
  }

  /// Takes a signed reference value from a file, as a new version under its name, or another one. Both parts of its signature must
  /// verify with the key in `keyFile`, or with one that is known: the tenant's own, or that of the newest version under this
  /// name.
  package func importReference(
    _ path: String, as name: String?, keyFile: String?, key: String?
  ) throws(CoreError) -> ReferenceValue {
    try requireWritable()
    let (signed, publicKey) = try SignedReference.parse(
      try InputFile.read(path, limit: InputFile.smallLimit), source: path)
    let name = try ReferenceName.check(name ?? signed.value.name)
    let fingerprint = try Self.fingerprint(publicKey)
    if let keyFile {
      guard try Self.publicKey(keyFile) == publicKey else {
        throw .refused("\(path): not signed by the key in \(keyFile), but by \(fingerprint)")
      }
    } else if try !isKnown(publicKey, fingerprint, signed.value, name) {
      throw .refused(
        "\(path): signed by a key that is not known here: \(fingerprint)",
        hint: "give it: --key FILE, as written there by: cvmctl key export --public")
    }
    guard try signed.isSigned(by: publicKey) else {
      throw .refused("\(path): its signature does not fit: it was changed")
    }
    let signer = try referenceSigner(key)
    return try keep(name, by: signer, act: "reference.import") { version in
      var value = signed.value
      value.importedFrom = ReferenceValue.Origin(
        tenant: value.tenant, name: value.name, version: value.version, keyFingerprint: fingerprint)
      (value.tenant, value.name, value.version, value.signingKey) = (tenant, name, version, signer.name)
      return value
    }
  }
}

/// Where the facts of a new reference value come from.
package enum ReferenceSource: Sendable {
  case guest(String, ReferenceFiles)
  case definition(DefinitionSource, ReferenceFiles)
  /// A digest that was predicted elsewhere.
  case stated(LaunchFacts)
}

/// A reference value as the store has it.
package struct ShownReference: Equatable, Sendable {
  package let value: ReferenceValue
  package let signature: Signature

  package enum Signature: String, Codable, Sendable {
    case valid, invalid
    /// The key is not there.
    case unverifiable
  }
}

/// Who signs a reference value.
private struct ReferenceSigner {
  let name: ReferenceValue.SigningKey
  let key: CompositeSignature.PrivateKey
}

extension Core {
  private func facts(_ source: ReferenceSource) throws(CoreError) -> LaunchFacts {
    let (definition, files): (GuestDefinition, ReferenceFiles)
    switch source {
    case .stated(let facts): return facts
    case .guest(let name, let references):
      guard let guest = try recordedGuest(name) else { throw .notFound(.guest, name) }
      (definition, files) = (try guest.definition(), references)
    case .definition(let source, let references):
      (definition, files) = (try planDefinition(source, DefinitionOverrides()).definition, references)
    }
    return try LaunchFacts(
      definition, files, try MeasuredInputs(definition, files, hostSignature: hostSignature))
  }

  private func referenceRow(_ reference: ReferenceName) throws(CoreError) -> ReferenceValueRow {
    let store = try store()
    let row = try stored { () throws(StoreError) in
      try store.referenceValue(tenant: tenant, name: reference.name, version: reference.version)
    }
    guard let row else {
      throw .notFound(.referenceValue, reference.name + (reference.version.map { "@\($0)" } ?? ""))
    }
    return row
  }

  /// Whoever can write to the store can put any public half there: the vault makes it anew from the private one.
  private func verifiedReference(
    _ text: String, act: String, _ detail: [(key: String, value: String)]
  ) throws(CoreError) -> (SignedReference, CompositeSignature.PublicKey) {
    let signed = try SignedReference(try referenceRow(try ReferenceName(text)))
    let value = signed.value
    let key = try signingKey(
      value.signingKey.name, version: value.signingKey.version, for: .process, act: act,
      [(key: "reference", value: value.title)] + detail)
    guard try signed.isSigned(by: key.key.publicKey) else {
      throw .refused("reference value '\(value.title)' was changed in the store: its signature does not fit")
    }
    return (signed, key.key.publicKey)
  }

  /// The tenant's key to sign with, made where it is the usual one and not there yet.
  private func referenceSigner(_ key: String?) throws(CoreError) -> ReferenceSigner {
    let name = key ?? Self.referenceKey
    if key == nil {
      do throws(CoreError) {
        _ = try namedKey(name, in: try store())
      } catch .notFound {
        do throws(CoreError) {
          _ = try createKey(
            name, purpose: "reference-values", algorithm: .hybrid,
            rotation: KeyRotation(after: nil, maxUses: nil))
        } catch .store(.exists) {
          // Another process has made it meanwhile.
        }
      }
    }
    return try signingKey(name, version: nil, for: .protect, act: "key.sign", [])
  }

  private func signingKey(
    _ name: String, version: Int64?, for use: KeyUse, act: String, _ detail: [(key: String, value: String)]
  ) throws(CoreError) -> ReferenceSigner {
    let row = try namedKey(try KeyName.check(name), in: try store())
    guard try algorithm(of: row) == .hybrid else {
      throw .usage("key '\(name)' is \(row.algorithm): reference values are signed with hybrid keys")
    }
    let opened = try openKey(name, version: version, for: use, act: act, detail: detail)
    do {
      return ReferenceSigner(
        name: ReferenceValue.SigningKey(name: name, version: Int64(opened.version)),
        key: try CompositeSignature.PrivateKey(seed: opened.secret))
    } catch {
      throw .crypto(error)
    }
  }

  /// Signs the next version and keeps it, in one act.
  private func keep(
    _ name: String, by signer: ReferenceSigner, act: String, _ value: (Int) -> ReferenceValue
  ) throws(CoreError) -> ReferenceValue {
    try acted(act, object: name, detail: [(key: "key", value: "\(signer.name.name)@\(signer.name.version)")])
    {
      transaction throws(CoreError) in
      let version = try stored { () throws(StoreError) in try transaction.nextReferenceVersion(name: name) }
      let signed = try SignedReference(value(Int(version)), by: signer.key)
      try stored { () throws(StoreError) in
        try transaction.insertReferenceValue(
          name: name, version: version, value: signed.text, signature: signed.signature)
      }
      return signed.value
    }
  }

  /// A key is known that the vault has, or with which the newest version under the name came here.
  private func isKnown(
    _ key: CompositeSignature.PublicKey, _ fingerprint: String, _ value: ReferenceValue, _ name: String
  ) throws(CoreError) -> Bool {
    if value.tenant == tenant {
      let (own, version) = (value.signingKey.name, value.signingKey.version)
      do throws(CoreError) {
        let mine = try signingKey(own, version: version, for: .process, act: "key.verify", [])
        if mine.key.publicKey == key { return true }
      } catch .notFound {
        // Another store's tenant of the same name.
      } catch .usage {
        // So is this: here the key of that name is of another kind.
      }
    }
    do throws(CoreError) {
      let (newest, _) = try verifiedReference(name, act: "reference.use", [])
      return newest.value.importedFrom?.keyFingerprint == fingerprint
    } catch .notFound {
      return false
    }
  }

  private static func fingerprint(_ key: CompositeSignature.PublicKey) throws(CoreError) -> String {
    do { return Hex.encode(try SHA256.hash(key.bytes)) } catch { throw .crypto(error) }
  }

  /// A hybrid key's public half, as `key export --public` writes it.
  private static func publicKey(_ path: String) throws(CoreError) -> CompositeSignature.PublicKey {
    do {
      return try CompositeSignature.PublicKey(try InputFile.read(path, limit: InputFile.smallLimit))
    } catch let error as CoreError {
      throw error
    } catch {
      throw .usage(
        "\(path): not the public half of a hybrid key: it has \(CompositeSignature.publicKeySize) bytes")
    }
  }
}
