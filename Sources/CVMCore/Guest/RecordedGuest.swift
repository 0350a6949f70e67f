import Documents
import StateStore

/// A guest that the store knows: its recorded definition is what cvmctl believes.
struct RecordedGuest: Sendable {
  let row: GuestRow
  let uuid: GuestUUID

  init(_ row: GuestRow) throws(CoreError) {
    guard let uuid = GuestUUID(rawValue: row.summary.uuid) else {
      throw .store(.corrupt(file: StateStore.fileName, reason: "a guest's UUID"))
    }
    self.row = row
    self.uuid = uuid
  }

  var name: String { row.summary.name }
  var type: LaunchType? { LaunchType(rawValue: row.summary.type) }
  var policy: PolicyValue? { type.map { PolicyValue(type: $0, rawValue: row.summary.policyValue ?? 0) } }
  var labels: [String: String] { NamedTexts.parse(row.summary.labels) }
  var secrets: [GuestSecret] { GuestSecret.all(stored: row.secrets) }

  func domain() throws(CoreError) -> XMLElement {
    do {
      return try XMLElement.parse(Array(row.definition.utf8))
    } catch {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the definition of guest '\(name)'"))
    }
  }

  func definition() throws(CoreError) -> GuestDefinition {
    let domain = try domain()
    do {
      return try GuestDefinition(domain: domain)
    } catch {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the definition of guest '\(name)'"))
    }
  }
}

/// A guest as one verb meets it: what the host says, and what the store knows of it.
struct FoundGuest: Sendable {
  let state: GuestState
  let recorded: RecordedGuest?
}

extension Core {
  /// The recorded guest of this tenant with a name, or a UUID.
  func recordedGuest(_ text: String) throws(CoreError) -> RecordedGuest? {
    let store = try store()
    let host = hostKey
    let row = try stored { () throws(StoreError) -> GuestRow? in
      if let uuid = GuestUUID(rawValue: text),
        let row = try store.guest(tenant: tenant, uri: host, uuid: uuid.rawValue)
      {
        return row
      }
      return try store.guest(tenant: tenant, uri: host, name: text)
    }
    return try row.map { row throws(CoreError) in try RecordedGuest(row) }
  }

  /// The guest that `text` names at the host: a name, an id of a running guest, or a UUID. A guest of another tenant reads as
  /// absent; a recorded guest whose name another domain took over is drift.
  func find(_ text: String) throws(CoreError) -> FoundGuest {
    if let recorded = try recordedGuest(text) {
      if let state = try hosted({ backend throws(BackendError) in try backend.guest(recorded.uuid) }) {
        return FoundGuest(state: state, recorded: recorded)
      }
      if try hosted({ backend throws(BackendError) in try backend.guest(named: recorded.name) }) != nil {
        throw .policy(.drift(guest: recorded.name, differences: ["UUID"]))
      }
      throw .notFound(.guest, text)
    }
    guard let state = try lookUp(text) else { throw .notFound(.guest, text) }
    return FoundGuest(state: state, recorded: try recordedGuest(state.uuid.rawValue))
  }

  /// The name or UUID of a definition stands for a guest that is not the tenant's to define anew.
  func isTaken(_ definition: GuestDefinition) throws(CoreError) -> Bool {
    let store = try store()
    let host = hostKey
    let uuid = definition.uuid
    let owners = try stored { () throws(StoreError) in
      let byUUID = try uuid.flatMap { uuid throws(StoreError) in
        try store.tenantOfGuest(uri: host, uuid: uuid.rawValue)
      }
      return [byUUID, try store.tenantOfGuest(uri: host, name: definition.name)]
    }
    if owners.contains(where: { $0 != nil && $0 != tenant }) { return true }
    // What nobody recorded is the operator's.
    guard acting != .operator, let uuid, owners[0] == nil else { return false }
    return try hosted { backend throws(BackendError) in try backend.guest(uuid) } != nil
  }

  /// Asked in the same way whether a guest is there or not: one that is not the tenant's to see reads as absent.
  private func lookUp(_ text: String) throws(CoreError) -> GuestState? {
    if let id = Int(text), id > 0,
      let state = try seen({ backend throws(BackendError) in try backend.guest(id: id) })
    {
      return state
    }
    // For the holder of a credential there are only recorded guests. The host is not asked: what it has takes it longer.
    guard acting == .operator else { return nil }
    if let uuid = GuestUUID(rawValue: text),
      let state = try seen({ backend throws(BackendError) in try backend.guest(uuid) })
    {
      return state
    }
    return try seen { backend throws(BackendError) in try backend.guest(named: text) }
  }

  private func seen(
    _ question: (any LaunchBackend) throws(BackendError) -> GuestState?
  ) throws(CoreError) -> GuestState? {
    let state = try hosted(question)
    let owner = try owner(of: state?.uuid.rawValue ?? Self.nobody)
    guard let state, isSeen(ownedBy: owner) else { return nil }
    return state
  }

  /// The UUID of no guest.
  private static let nobody = "00000000-0000-0000-0000-000000000000"

  /// Whose the guest with this UUID at this host is; nil for one that nobody recorded.
  func owner(of uuid: String) throws(CoreError) -> String? {
    let store = try store()
    let host = hostKey
    return try stored { () throws(StoreError) in try store.tenantOfGuest(uri: host, uuid: uuid) }
  }

  /// A tenant sees its own guests; whoever acts as the operator also those that nobody recorded.
  func isSeen(ownedBy owner: String?) -> Bool { owner.map { $0 == tenant } ?? (acting == .operator) }

  /// How the store names this host: what stands in the store is known without waking it.
  var hostKey: String { uri }
}
