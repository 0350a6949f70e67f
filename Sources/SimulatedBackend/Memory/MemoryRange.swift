import CVMCore
import StateStore

/// A part of a simulated guest's memory that was filled at its launch.
package struct MemoryRange: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case firmware
    case kernelHashes
    case secret
    /// The save area of a vCPU. On hardware it is no part of the guest's memory; here it lies behind it.
    case vmsa(Int)
  }

  /// Guest physical.
  package let address: UInt64
  /// Bytes.
  package let count: Int
  package let kind: Kind

  package init(address: UInt64, count: Int, kind: Kind) {
    self.address = address
    self.count = count
    self.kind = kind
  }
}

extension MemoryRange.Kind: RawRepresentable {
  /// `firmware`, `kernel-hashes`, `secret`, `vmsa-0`, …
  package var rawValue: String {
    switch self {
    case .firmware: "firmware"
    case .kernelHashes: "kernel-hashes"
    case .secret: "secret"
    case .vmsa(let vcpu): "vmsa-\(vcpu)"
    }
  }

  package init?(rawValue: String) {
    switch rawValue {
    case "firmware": self = .firmware
    case "kernel-hashes": self = .kernelHashes
    case "secret": self = .secret
    default:
      guard rawValue.hasPrefix("vmsa-"), let vcpu = Int(rawValue.dropFirst(5)) else { return nil }
      self = .vmsa(vcpu)
    }
  }
}

extension DomainTable {
  func insert(_ range: MemoryRange, of uuid: GuestUUID) throws(DomainFailure) {
    try run(
      "INSERT INTO mapping VALUES (?, ?, ?, ?)",
      [.text(uuid.rawValue), .bits(range.address), .integer(range.count), .text(range.kind.rawValue)])
  }

  /// In the order of addresses.
  func ranges(_ uuid: GuestUUID) throws(DomainFailure) -> [MemoryRange] {
    try sql { () throws(StoreError) in
      try database.rows(
        "SELECT DISTINCT address, size, kind FROM mapping WHERE uuid = ? ORDER BY address",
        [.text(uuid.rawValue)]
      ) { (row) throws(StoreError) in
        guard let kind = MemoryRange.Kind(rawValue: try row.text(2)) else { throw row.damage(2) }
        return MemoryRange(address: try row.bits(0), count: try row.int(1), kind: kind)
      }
    }
  }
}
