import StateStore

extension Core {
  /// A guest's latest launch, or the launch with an id.
  package func launchRecord(_ text: String) throws(CoreError) -> LaunchRecord {
    let store = try store()
    if let row = try stored({ () throws(StoreError) in try store.launch(tenant: tenant, id: text) }) {
      return try LaunchRecord(row: row)
    }
    guard let row = try launches(of: text, limit: 1).first else {
      throw .notFound(.launch, "of guest \(text)")
    }
    return try LaunchRecord(row: row)
  }

  /// The latest launches first; of one guest, or of all.
  package func launchHistory(_ name: String?, limit: Int) throws(CoreError) -> [LaunchRecord] {
    let store = try store()
    let rows: [LaunchRow]
    if let name {
      rows = try launches(of: name, limit: limit)
    } else {
      rows = try stored { () throws(StoreError) in try store.launches(tenant: tenant, limit: limit) }
    }
    return try rows.map { row throws(CoreError) in try LaunchRecord(row: row) }
  }

  /// A guest's launches, newest first. Those of a guest that was undefined since are found by the name that it had.
  private func launches(of name: String, limit: Int) throws(CoreError) -> [LaunchRow] {
    let store = try store()
    let guest = try recordedGuest(name)
    let host = hostKey
    let rows = try stored { () throws(StoreError) in
      if let guest {
        try store.launches(
          tenant: tenant, uri: guest.row.summary.uri, guestUUID: guest.row.summary.uuid, limit: limit)
      } else {
        try store.launches(tenant: tenant, uri: host, guestName: name, limit: limit)
      }
    }
    guard guest != nil || !rows.isEmpty else { throw .notFound(.guest, name) }
    return rows
  }
}
