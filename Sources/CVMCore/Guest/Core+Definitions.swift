import CVMCrypto
import Documents
import StateStore

/// A definition with its policy resolved: what `define` will store.
package struct DefinitionPlan: Sendable {
  package var xml: String
  package var definition: GuestDefinition
  package var policy: LaunchPolicy?
  package var labels: [String: String]
  package var secrets: [GuestSecret]
}

extension Core {
  /// What `define` would do, without doing it.
  package func planDefinition(
    _ source: DefinitionSource, _ overrides: DefinitionOverrides
  ) throws(CoreError) -> DefinitionPlan {
    try plan(try source.read(newUUID: freshUUID), of: source, overrides)
  }

  private func plan(
    _ read: ReadDefinition, of source: DefinitionSource, _ overrides: DefinitionOverrides
  ) throws(CoreError) -> DefinitionPlan {
    var read = read
    if let named = read.tenant, named != tenant {
      throw .usage(
        "\(source.name): the guest belongs to tenant '\(named)'", hint: "act for it: --tenant \(named)")
    }
    do {
      // Names are checked before anything is looked up by them.
      let facts = try GuestDefinition(domain: read.domain)
      try settleUUID(of: &read, facts)
      let policy = try resolvePolicy(of: read, facts, overrides)
      if let policy {
        // A direct-boot kernel of a guest file is always measured; domain XML says itself.
        let hashes = facts.launchSecurity?.kernelHashes ?? (facts.kernel != nil)
        DomainXML.setLaunchSecurity(
          policy.value.type, policy: policy.value, kernelHashes: hashes, in: &read.domain)
        if policy.value.type != .sevSNP { DomainXML.setVirtioIOMMU(in: &read.domain) }
      }
      let labels = read.labels.merging(overrides.labels) { $1 }
      DomainXML.setMetadata(
        tenant: tenant, policy: policy.map { ($0.name, $0.version) }, labels: labels, in: &read.domain)
      return DefinitionPlan(
        xml: try XMLText.serialize(read.domain), definition: try GuestDefinition(domain: read.domain),
        policy: policy,
        labels: labels, secrets: read.secrets)
    } catch let error as CoreError {
      throw error
    } catch let error as GuestDefinitionProblem {
      throw .malformedGuest(source: source.name, error)
    } catch let error as DocumentError {
      throw .malformedDocument(source: source.name, error)
    } catch {
      throw .usage("\(source.name): not a guest definition")
    }
  }

  /// Defines or redefines a guest at the host and records it.
  package func define(
    _ source: DefinitionSource, _ overrides: DefinitionOverrides
  ) throws(CoreError) -> GuestOverview {
    try requireWritable()
    var read = try source.read(newUUID: freshUUID)
    let draft = try plan(read, of: source, overrides)  // what cannot be is refused before anything is touched
    let lock = try definitionLock()
    defer { lock.release() }
    if !read.namesUUID, let uuid = try unrecordedDefinition(of: draft.definition.name) {
      read.domain.setChild(XMLElement("uuid", text: uuid.rawValue))
      read.namesUUID = true
    }
    let plan = try plan(read, of: source, overrides)
    let name = plan.definition.name
    let old = try recordedGuest(name)
    try requireStillConfidential(old, plan)
    if plan.definition.hasNVRAM, plan.policy != nil { throw .policy(.writableFirmwareStore(guest: name)) }
    guard try !isTaken(plan.definition) else { throw .alreadyExists(.guest, name) }
    let detail = [
      (key: "type", value: plan.policy?.value.type.rawValue ?? "none"),
      (key: "policy", value: plan.policy?.value.text ?? "none"),
    ]
    let host = hostKey
    let fresh = try content(for: plan, host: host)
    let state = try audited(
      "guest.define", object: name, detail: detail,
      { backend throws(BackendError) in try backend.define(xml: plan.xml) },
      keep: { transaction, state throws(StoreError) in
        var content = fresh
        content.name = state.name
        content.uuid = state.uuid.rawValue
        if let known = try transaction.guest(tenant: tenant, uri: host, uuid: content.uuid) {
          try transaction.update(content, revision: known.revision)
        } else {
          try transaction.insert(content)
        }
      })
    return summary(of: state, try recordedGuest(state.uuid.rawValue))
  }

  /// Removes a guest's definition from the host and the store. Its launch records stay.
  package func undefine(_ name: String, _ options: UndefineOptions) throws(CoreError) -> GuestOverview {
    try requireWritable()
    let lock = try definitionLock()
    defer { lock.release() }
    let guest: FoundGuest
    do {
      guest = try find(name)
    } catch {
      // Undefined behind our back: only the record is left to remove.
      guard case .notFound = error, let recorded = try recordedGuest(name) else { throw error }
      try forget(recorded)
      return summary(of: missing(recorded), recorded)
    }
    try audited(
      "guest.undefine", object: guest.state.name,
      { backend throws(BackendError) in try backend.undefine(guest.state.uuid, options) },
      keep: { transaction, _ throws(StoreError) in
        guard let recorded = guest.recorded else { return }
        try transaction.deleteGuest(uri: recorded.row.summary.uri, uuid: recorded.row.summary.uuid)
      })
    return summary(of: guest.state, guest.recorded)
  }

  private func definitionLock() throws(CoreError) -> GuestLock {
    _ = try store()  // makes the state directory that the lock is in
    return try GuestLock(definitionsIn: stateDirectory, within: timeout)
  }

  private func forget(_ guest: RecordedGuest) throws(CoreError) {
    let store = try store()
    try stored { () throws(StoreError) in
      try store.act(record("guest.forget", object: guest.name)) { transaction throws(StoreError) in
        try transaction.deleteGuest(uri: guest.row.summary.uri, uuid: guest.row.summary.uuid)
      }
    }
  }

  func missing(_ guest: RecordedGuest) -> GuestState {
    GuestState(uuid: guest.uuid, name: guest.name, id: nil, state: .noState, reason: nil)
  }

  private func freshUUID() throws(CoreError) -> GuestUUID {
    do throws(CryptoError) {
      guard let uuid = GuestUUID.random(from: try Random.bytes(16)) else { throw .randomUnavailable }
      return uuid
    } catch {
      throw .crypto(error)
    }
  }

  /// The UUID of a guest of that name that the host has and that says itself that it is this tenant's, though nobody recorded
  /// it: a `define` was killed in between, and this one goes on.
  private func unrecordedDefinition(of name: String) throws(CoreError) -> GuestUUID? {
    guard acting == .operator, try recordedGuest(name) == nil,
      let found = try hosted({ backend throws(BackendError) in try backend.guest(named: name) }),
      try owner(of: found.uuid.rawValue) == nil
    else { return nil }
    let text = try hosted { backend throws(BackendError) in try backend.domainXML(found.uuid, .inactive) }
    guard let domain = try? XMLElement.parse(Array(text.utf8)), DomainXML.tenant(in: domain) == tenant else {
      return nil
    }
    return found.uuid
  }

  /// A definition without a UUID redefines the guest of its name.
  private func settleUUID(of read: inout ReadDefinition, _ facts: GuestDefinition) throws(CoreError) {
    if !read.namesUUID {
      if let old = try recordedGuest(facts.name) {
        read.domain.setChild(XMLElement("uuid", text: old.uuid.rawValue))
        return
      }
    }
    if facts.uuid == nil {  // domain XML; a guest file got one
      read.domain.insert(XMLElement("uuid", text: try freshUUID().rawValue), before: "memory")
    }
  }

  /// The command line's type and policy, over the guest file's, over the document's.
  private func resolvePolicy(
    of read: ReadDefinition, _ facts: GuestDefinition, _ overrides: DefinitionOverrides
  ) throws(CoreError) -> LaunchPolicy? {
    guard let type = overrides.type ?? read.launch?.type ?? facts.launchSecurity?.type else {
      guard overrides.policy == nil else { throw .usage("a policy needs a launch type", hint: "give --type") }
      return nil
    }
    if let text = overrides.policy ?? read.launch?.policy { return try policy(text, type: type) }
    if let value = facts.launchSecurity?.policy, value.type == type {
      guard value.fitsType else { throw .policy(.wrongType(policy: value.text, type: type.rawValue)) }
      return LaunchPolicy(name: value.text, version: 0, value: value, note: "")
    }
    return try policy("default", type: type)
  }

  private func requireStillConfidential(_ old: RecordedGuest?, _ plan: DefinitionPlan) throws(CoreError) {
    guard let old, old.type != nil, plan.policy == nil else { return }
    throw .policy(.launchSecurityRemoved(guest: old.name))
  }

  /// The row of a definition; name and UUID are the host's to confirm.
  private func content(for plan: DefinitionPlan, host: String) throws(CoreError) -> GuestContent {
    GuestContent(
      uri: host, name: plan.definition.name, uuid: plan.definition.uuid?.rawValue ?? "",
      type: plan.policy?.value.type.rawValue ?? "none", policyName: plan.policy?.name,
      policyVersion: plan.policy.map { Int64($0.version) }, policyValue: plan.policy?.value.rawValue,
      labels: try NamedTexts.format(plan.labels), definition: plan.xml,
      secrets: try NamedTexts.format(
        Dictionary(plan.secrets.map { ($0.name, $0.stored) }, uniquingKeysWith: { $1 })))
  }
}
