extension Transaction {
  /// Adds a guest. On a host a name and a UUID stand once, whoever they belong to.
  package borrowing func insert(_ guest: GuestContent) throws(StoreError) {
    try requireTenant()
    try requireFree(guest, except: nil)
    try database.run(
      """
      INSERT INTO guest (uri, name, uuid, tenant, type, policy_name, policy_version, policy_value, labels,
        created_at, updated_at, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
      """,
      [
        .text(guest.uri), .text(guest.name), .text(guest.uuid), .text(tenant), .text(guest.type),
        .text(guest.policyName), .integer(guest.policyVersion), guest.policyBits, .text(guest.labels), now,
        now,
      ])
    try database.run(
      "INSERT INTO guest_definition (uri, uuid, xml, secrets) VALUES (?, ?, ?, ?)",
      [.text(guest.uri), .text(guest.uuid), .text(guest.definition), .text(guest.secrets)])
  }

  /// Replaces the guest of this URI and UUID; it may get another name. `revision` is the one that the caller
  /// has read: if somebody else has changed the guest since, this is a `.conflict`. The new revision.
  @discardableResult
  package borrowing func update(_ guest: GuestContent, revision: Int64) throws(StoreError) -> Int64 {
    guard let found = try self.guest(tenant: tenant, uri: guest.uri, uuid: guest.uuid) else {
      throw .notFound(kind: "guest", name: guest.name)
    }
    guard found.revision == revision else {
      throw .conflict(kind: "guest", name: found.summary.name, reason: "was changed meanwhile")
    }
    try requireFree(guest, except: found.summary.name)
    try database.run(
      """
      UPDATE guest SET name = ?, type = ?, policy_name = ?, policy_version = ?, policy_value = ?, labels = ?,
        updated_at = ?, revision = ?
      WHERE uri = ? AND uuid = ? AND tenant = ?
      """,
      [
        .text(guest.name), .text(guest.type), .text(guest.policyName), .integer(guest.policyVersion),
        guest.policyBits, .text(guest.labels), now, .integer(revision + 1), .text(guest.uri),
        .text(guest.uuid),
        .text(tenant),
      ])
    try database.run(
      "UPDATE guest_definition SET xml = ?, secrets = ? WHERE uri = ? AND uuid = ?",
      [.text(guest.definition), .text(guest.secrets), .text(guest.uri), .text(guest.uuid)])
    return revision + 1
  }

  /// Removes a guest. Its launch records stay.
  package borrowing func deleteGuest(uri: String, uuid: String) throws(StoreError) {
    let removed = try database.run(
      "DELETE FROM guest WHERE uri = ? AND uuid = ? AND tenant = ?", [.text(uri), .text(uuid), .text(tenant)])
    guard removed == 1 else { throw .notFound(kind: "guest", name: uuid) }
  }

  /// `except`: the guest's own name so far.
  private borrowing func requireFree(_ guest: GuestContent, except own: String?) throws(StoreError) {
    if own != guest.name, try isTaken("name", guest.name, guest.uri) {
      throw .exists(kind: "guest", name: guest.name)
    }
    if own == nil, try isTaken("uuid", guest.uuid, guest.uri) {
      throw .exists(kind: "guest", name: guest.uuid)
    }
  }

  private borrowing func isTaken(_ column: String, _ value: String, _ uri: String) throws(StoreError) -> Bool
  {
    let sql = "SELECT 1 FROM guest WHERE uri = ? AND \(column) = ?"
    return try database.first(sql, [.text(uri), .text(value)]) { (_) throws(StoreError) in true } ?? false
  }
}

extension GuestContent {
  fileprivate var policyBits: SQLValue { policyValue.map(SQLValue.bits) ?? .null }
}
