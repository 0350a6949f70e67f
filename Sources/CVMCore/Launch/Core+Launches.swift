import StateStore

extension Core {
  /// A guest's latest launch, or the launch with an id.
  package func launchRecord(_ text: String) throws(CoreError) -> LaunchRecord {
    let store = try store()
    if let row = try stored({ () throws(StoreError) in try store.launch(tenant: tenant, id: text) }) {
      return try LaunchRecord(row: row)
    }
    guard let guest = try recordedGuest(text) else { throw .notFound(.guest, text) }
    guard let row = try latestLaunch(of: guest) else { throw .notFound(.launch, "of guest \(guest.name)") }
    return try LaunchRecord(row: row)
  }

  /// The latest launches first; of one guest, or of all.
  package func launchHistory(_ name: String?, limit: Int) throws(CoreError) -> [LaunchRecord] {
    let store = try store()
    let rows: [LaunchRow]
    if let name {
      guard let guest = try recordedGuest(name) else { throw .notFound(.guest, name) }
      rows = try stored { () throws(StoreError) in
        try store.launches(
          tenant: tenant, uri: guest.row.summary.uri, guestUUID: guest.row.summary.uuid, limit: limit)
      }
    } else {
      rows = try stored { () throws(StoreError) in try store.launches(tenant: tenant, limit: limit) }
    }
    return try rows.map { row throws(CoreError) in try LaunchRecord(row: row) }
  }
}
