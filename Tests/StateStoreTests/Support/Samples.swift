import Bytes
import CSQLite
import Documents
import StateStore
import Testing

let uri = "qemu:///system"

/// 2026-11-24T22:15:00Z and some seconds.
func moment(_ seconds: Int64 = 0) -> Timestamp { Timestamp(seconds: 1_795_558_500 + seconds) ?? .epoch }

func record(
  _ act: String = "test.act", tenant: String = StateStore.defaultTenant, object: String = "object",
  detail: Value = [:], at seconds: Int64 = 0
) -> AuditRecord {
  AuditRecord(
    time: moment(seconds), tenant: tenant, actor: "uid:1000", act: act, object: object, detail: detail)
}

func guest(_ name: String, uuid: String? = nil, uri: String = uri) -> GuestContent {
  GuestContent(
    uri: uri, name: name, uuid: uuid ?? "uuid of \(name)", type: "sev-es", policyName: "strict",
    policyVersion: 2,
    policyValue: 1 << 63 | 5, labels: #"{"tier":"web"}"#, definition: "<domain><name>\(name)</name></domain>",
    secrets: "[]")
}

func launch(_ id: String, of name: String, at seconds: Int64 = 0) -> LaunchRow {
  LaunchRow(
    id: id, uri: uri, guestUUID: "uuid of \(name)", guestName: name, startedAt: moment(seconds),
    outcome: "running", verdict: "match", record: #"{"digest":"00"}"#, wrappedTEK: [1, 2], wrappedTIK: nil)
}

extension Scratch {
  func store(patience: Duration = .seconds(20)) throws(StoreError) -> StateStore {
    try StateStore(path: path, patience: patience, at: moment())
  }

  /// Sends SQL past the store: what somebody with the file can do. Says whether it was accepted.
  @discardableResult
  func tamper(_ sql: String) -> Bool {
    var database: OpaquePointer?
    let vfs = unsafe cvm_sqlite_checked_vfs()
    unsafe sqlite3_open_v2(file(StateStore.fileName), &database, SQLITE_OPEN_READWRITE, vfs)
    defer { unsafe sqlite3_close_v2(database) }
    return unsafe sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK
  }
}

extension StateStore {
  /// A store with two tenants of the same names and contents besides `default`.
  func fillWithTwins() throws(StoreError) {
    for (index, tenant) in ["acme", "rival"].enumerated() {
      try act(record("tenant.create", tenant: tenant)) { (transaction) throws(StoreError) in
        try transaction.createTenant()
        try transaction.insert(StateStoreTests.guest("web-\(tenant)", uuid: "uuid-\(tenant)"))
        try transaction.addPolicyVersion(name: "strict", type: "sev", value: UInt64(index), note: tenant)
        try transaction.insert(StateStoreTests.launch("launch-\(tenant)", of: "web"))
        try transaction.setHostCertificate(host: uri, cek: Array(tenant.utf8), ask: nil, ark: nil)
        try transaction.insertWrappedKey(
          object: "disk", purpose: "data", version: 1, state: "active", envelope: Array(tenant.utf8))
        try transaction.insertReferenceValue(
          name: "web", version: 1, value: Array(tenant.utf8), signature: [1])
      }
    }
  }
}
