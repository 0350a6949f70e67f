internal import Bytes
internal import CVMCrypto

/// The launch digest of SEV-SNP as it grows: for each page of 4 KiB the SHA-384 of a record that has the digest so far in it.
/// Little-endian. Source: AMD 56860, PAGE_INFO.
///
/// | offset | size | field                                                        |
/// |-------:|-----:|--------------------------------------------------------------|
/// |   0x00 |   48 | DIGEST_CUR: the digest so far; zeros before the first page   |
/// |   0x30 |   48 | CONTENTS: SHA-384 of a NORMAL or VMSA page, otherwise zeros  |
/// |   0x60 |    2 | LENGTH, 0x70                                                 |
/// |   0x62 |    1 | PAGE_TYPE                                                    |
/// |   0x63 |    1 | bit 0: IMI_PAGE; KVM loads none                              |
/// |   0x64 |    4 | permissions of the VMPLs; KVM gives none                     |
/// |   0x68 |    8 | guest physical address                                       |
package struct SNPLaunchDigest: Sendable {
  /// Bytes of a digest.
  package static let size = SHA384.size
  package static let pageSize = 4096
  /// The address that KVM records for a VMSA page.
  package static let vmsaAddress: UInt64 = 0xFFFF_FFFF_F000

  private static let contents = size
  private static let type = 0x62
  private static let address = 0x68
  private static let recordSize = 0x70

  private var record: [UInt8]

  package init() { self.init(startingAt: [UInt8](repeating: 0, count: Self.size)) }

  /// Goes on from a digest of 48 bytes.
  package init(startingAt digest: [UInt8]) {
    record = Array(digest.prefix(Self.size))
    record += [UInt8](repeating: 0, count: Self.recordSize - record.count)
    record[Self.contents * 2] = UInt8(Self.recordSize)
  }

  package var value: [UInt8] { Array(record[..<Self.size]) }

  /// Takes pages whose contents are measured. `digests` has the SHA-384 of each.
  mutating func load(_ type: SNPPageType, at address: UInt64, digests: [UInt8]) throws(CryptoError) {
    record[Self.type] = type.rawValue
    for start in stride(from: 0, to: digests.count, by: Self.size) {
      for index in 0..<Self.size { record[Self.contents + index] = digests[start + index] }
      try fold(at: address + UInt64(start / Self.size * Self.pageSize))
    }
  }

  /// Takes `size` bytes of pages whose contents are not measured.
  mutating func load(_ type: SNPPageType, at address: UInt64, size: Int) throws(CryptoError) {
    record[Self.type] = type.rawValue
    for index in 0..<Self.size { record[Self.contents + index] = 0 }
    for offset in stride(from: 0, to: size, by: Self.pageSize) { try fold(at: address + UInt64(offset)) }
  }

  private mutating func fold(at address: UInt64) throws(CryptoError) {
    for index in 0..<8 {
      record[Self.address + index] = UInt8(truncatingIfNeeded: address >> UInt64(8 * index))
    }
    try SHA384.fold(&record)
  }
}
