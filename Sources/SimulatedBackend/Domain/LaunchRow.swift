import CVMCore
import SEV
import SecureProcessor
import StateStore

/// A guest's launch: where the AMD-SP knows it, and what it said.
struct LaunchRow {
  let handle: GuestHandle
  /// Tells this launch from every other.
  let contextID: [UInt8]
  let policy: SEVPolicy
  /// 48 bytes.
  let measurement: [UInt8]
  let apiMajor, apiMinor, build: UInt8
  /// Bytes of the guest's memory file.
  let memorySize: UInt64
  /// What the firmware says; nil without such an entry.
  let secretArea: FirmwareArea?

  var layout: PhysicalLayout { PhysicalLayout(handle: handle) }
}

extension DomainTable {
  func launch(_ uuid: GuestUUID) throws(DomainFailure) -> LaunchRow? {
    try sql { () throws(StoreError) in
      try database.first(
        """
        SELECT handle, context, policy, measurement, api_major, api_minor, build, memory_size,
          secret_base, secret_size
        FROM launch WHERE uuid = ?
        """, [.text(uuid.rawValue)]
      ) { (row) throws(StoreError) in try LaunchRow(row) }
    }
  }

  func launchCount() throws(BackendError) -> Int {
    try ask { () throws(StoreError) in
      try database.first("SELECT count(*) FROM launch") { (row) throws(StoreError) in try row.int(0) } ?? 0
    }
  }

  /// The context ids of all launches.
  func launchedContexts() throws(BackendError) -> Set<[UInt8]> {
    let found = try ask { () throws(StoreError) in
      try database.rows("SELECT context FROM launch") { (row) throws(StoreError) in try row.blob(0) }
    }
    return Set(found)
  }

  func insert(_ launch: LaunchRow, of uuid: GuestUUID) throws(DomainFailure) {
    try run(
      "INSERT INTO launch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      [
        .text(uuid.rawValue), .integer(Int64(launch.handle)), .blob(launch.contextID),
        .integer(Int64(launch.policy.rawValue)), .blob(launch.measurement), .integer(Int64(launch.apiMajor)),
        .integer(Int64(launch.apiMinor)), .integer(Int64(launch.build)), .bits(launch.memorySize),
        .integer(launch.secretArea.map { Int64($0.base) }),
        .integer(launch.secretArea.map { Int64($0.size) }),
      ])
  }
}

extension LaunchRow {
  fileprivate init(_ row: borrowing Row) throws(StoreError) {
    handle = try Self.number(row, 0)
    contextID = try row.blob(1)
    policy = SEVPolicy(rawValue: try Self.number(row, 2))
    measurement = try row.blob(3)
    apiMajor = try Self.number(row, 4)
    apiMinor = try Self.number(row, 5)
    build = try Self.number(row, 6)
    memorySize = try row.bits(7)
    guard contextID.count == GuestSlot.contextIDSize, SecureProcessor.handles.contains(handle) else {
      throw row.damage(0)
    }
    guard measurement.count == LaunchMeasurement.size else { throw row.damage(3) }
    secretArea =
      row.isNull(8)
      ? nil : FirmwareArea(base: try Self.number(row, 8), size: try Self.number(row, 9))
  }

  private static func number<T: FixedWidthInteger>(
    _ row: borrowing Row, _ column: Int
  ) throws(StoreError) -> T {
    guard let value = T(exactly: try row.integer(column)) else { throw row.damage(column) }
    return value
  }
}
