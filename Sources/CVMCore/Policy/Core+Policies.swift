import Bytes
import SEV
import StateStore

extension Core {
  /// The policies that the tenant may use: the built-in ones, then its own by name, the newest version of each unless all are
  /// asked for.
  package func policies(allVersions: Bool) throws(CoreError) -> [LaunchPolicy] {
    let store = try store()
    let rows = try stored { () throws(StoreError) in
      var rows = try store.policies(tenant: tenant)
      guard allVersions else { return rows }
      for row in rows {
        rows += try store.policyVersions(tenant: tenant, name: row.name).dropLast().reversed()
      }
      return rows
    }
    return LaunchPolicy.builtIn + rows.compactMap(LaunchPolicy.init(row:))
  }

  /// The policies that `text` stands for: one for a number; for a built-in name one for each type.
  package func policies(matching text: String, type: LaunchType?) throws(CoreError) -> [LaunchPolicy] {
    let reference = try PolicyReference(text)
    switch reference.kind {
    case .value(let number): return [try unnamed(reference, type ?? PolicyReference.likelyType(of: number))]
    case .bits:
      let likely = if let type { type } else { try typeOfBits(reference) }
      return [try unnamed(reference, likely)]
    case .named(let name, let version):
      let found = try policies(allVersions: version != nil).filter { policy in
        policy.name == name && (type == nil || policy.value.type == type)
          && (version == nil || policy.version == version)
      }
      guard !found.isEmpty else { throw .notFound(.policy, text) }
      return found
    }
  }

  /// The one policy that `text` stands for with a guest or session of `type`.
  package func policy(_ text: String, type: LaunchType) throws(CoreError) -> LaunchPolicy {
    guard let policy = try policies(matching: text, type: type).first else { throw .notFound(.policy, text) }
    guard policy.value.fitsType else {
      throw .policy(.wrongType(policy: policy.value.text, type: type.rawValue))
    }
    return policy
  }

  package func createPolicy(
    _ name: String, _ value: String, type: LaunchType?, note: String
  ) throws(CoreError) -> LaunchPolicy {
    try requireWritable()
    let name = try PolicyName.check(name)
    let value = try newValue(value, type: type)
    guard try !policies(allVersions: false).contains(where: { $0.name == name }) else {
      throw .alreadyExists(.policy, name)
    }
    return try save(name, value, note: note, act: "policy.create", isNew: true)
  }

  package func editPolicy(
    _ name: String, _ value: String, type: LaunchType?, note: String?
  ) throws(CoreError) -> LaunchPolicy {
    try requireWritable()
    let old = try ownPolicy(name)
    guard type == nil || type == old.value.type else {
      throw .conflict(
        "policy '\(name)' is a \(old.value.type.rawValue) policy: an edit keeps its type", hint: nil)
    }
    return try save(
      name, try newValue(value, type: old.value.type), note: note ?? old.note, act: "policy.edit",
      isNew: false)
  }

  package func deletePolicy(_ name: String) throws(CoreError) -> LaunchPolicy {
    try requireWritable()
    let policy = try ownPolicy(name)
    let store = try store()
    try stored { () throws(StoreError) in
      try store.act(record("policy.delete", object: name)) { transaction throws(StoreError) in
        let users = try transaction.guests(tenant: tenant, policy: name).map(\.name)
        guard users.isEmpty else {
          throw .conflict(kind: "policy", name: name, reason: "is used by \(users.joined(separator: ", "))")
        }
        try transaction.deletePolicy(name: name)
      }
    }
    return policy
  }

  /// Throws where a launch under the guest's or the named policy would be refused.
  package func checkPolicy(
    _ subject: String, type: LaunchType?, consent: PolicyConsent
  ) throws(CoreError) -> LaunchPolicy {
    let policy =
      if let own = try policyOfGuest(subject) { own } else { try policies(matching: subject, type: type)[0] }
    try consent.require(policy.value)
    return policy
  }

  private func policyOfGuest(_ name: String) throws(CoreError) -> LaunchPolicy? {
    // A guest's policy stands in the store: no host is asked.
    let store = try store()
    let row = try stored { () throws(StoreError) in try store.guest(tenant: tenant, uri: uri, name: name) }
    guard let row, let value = try RecordedGuest(row).policy else { return nil }
    return LaunchPolicy(
      name: row.summary.policyName ?? value.text, version: Int(row.summary.policyVersion ?? 0), value: value,
      note: "")
  }

  private func unnamed(_ reference: PolicyReference, _ type: LaunchType) throws(CoreError) -> LaunchPolicy {
    guard let value = try reference.value(for: type) else { throw .notFound(.policy, reference.text) }
    return LaunchPolicy(name: value.text, version: 0, value: value, note: "")
  }

  /// Bit names tell their type by the table that knows all of them.
  private func typeOfBits(_ reference: PolicyReference) throws(CoreError) -> LaunchType {
    if let value = try? SEVPolicy(text: reference.text) { return value.es ? .sevES : .sev }
    guard (try? SNPPolicy(text: reference.text)) != nil else {
      _ = try reference.value(for: .sev)  // throws with what is wrong
      throw .notFound(.policy, reference.text)
    }
    return .sevSNP
  }

  private func newValue(_ text: String, type: LaunchType?) throws(CoreError) -> PolicyValue {
    let found = try policies(matching: text, type: type)
    guard found.count == 1 else {
      throw .usage("'\(text)' stands for a policy of several types", hint: "say which with --type")
    }
    let value = found[0].value
    guard value.fitsType else { throw .policy(.wrongType(policy: value.text, type: value.type.rawValue)) }
    guard !value.hasReservedBits else { throw .policy(.reservedBits(policy: value.text)) }
    return value
  }

  private func ownPolicy(_ name: String) throws(CoreError) -> LaunchPolicy {
    guard !LaunchPolicy.builtIn.contains(where: { $0.name == name }) else {
      throw .conflict("'\(name)' is a built-in policy", hint: "create one of your own")
    }
    guard let own = try policies(allVersions: false).first(where: { $0.name == name }) else {
      throw .notFound(.policy, name)
    }
    return own
  }

  private func save(
    _ name: String, _ value: PolicyValue, note: String, act: String, isNew: Bool
  ) throws(CoreError) -> LaunchPolicy {
    let store = try store()
    let detail = [(key: "type", value: value.type.rawValue), (key: "value", value: value.text)]
    let version = try stored { () throws(StoreError) in
      try store.act(record(act, object: name, detail: detail)) { transaction throws(StoreError) in
        // Asked again here, where nobody else can come in between.
        let exists = try transaction.policies(tenant: tenant).contains { $0.name == name }
        if exists, isNew { throw .exists(kind: "policy", name: name) }
        if !exists, !isNew { throw .notFound(kind: "policy", name: name) }
        return try transaction.addPolicyVersion(
          name: name, type: value.type.rawValue, value: value.rawValue, note: note)
      }
    }
    return LaunchPolicy(
      name: name, version: Int(version), value: value, note: note, createdAt: Timestamp.now().description)
  }
}

extension LaunchPolicy {
  /// Nil for a type that this version does not know.
  init?(row: PolicyRow) {
    guard let type = LaunchType(rawValue: row.type) else { return nil }
    self.init(
      name: row.name, version: Int(row.version), value: PolicyValue(type: type, rawValue: row.value),
      note: row.note,
      createdAt: row.createdAt.description)
  }
}
