package import Bytes

/// Changes to the rows of one tenant, made together with an audit record: `StateStore` hands it to the body
/// of an act, and it cannot be kept.
package struct Transaction: ~Copyable, StateReading {
  let database: Database
  /// The record's tenant: all that is changed is its.
  package let tenant: String
  /// The record's time.
  package let time: Timestamp

  package borrowing func read<R>(_ body: (StoreReader) throws(StoreError) -> R) throws(StoreError) -> R {
    try body(StoreReader(database: database))
  }

  /// Rows belong to tenants that there are.
  borrowing func requireTenant() throws(StoreError) {
    guard try tenantRow(tenant) != nil else { throw .notFound(kind: "tenant", name: tenant) }
  }

  var now: SQLValue { .integer(time.microseconds) }
}

extension Row {
  borrowing func time(_ column: Int) throws(StoreError) -> Timestamp {
    guard let time = Timestamp(microseconds: try integer(column)) else { throw damage(column) }
    return time
  }

  borrowing func optionalTime(_ column: Int) throws(StoreError) -> Timestamp? {
    isNull(column) ? nil : try time(column)
  }
}
