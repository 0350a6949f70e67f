internal import Bytes
package import CVMCrypto

/// How a page enters a SEV-SNP launch digest. Source: AMD 56860, SNP_LAUNCH_UPDATE, table "PAGE_TYPE".
package enum PageType: UInt8, Sendable, Hashable, CaseIterable {
  case normal = 1
  case vmsa = 2
  case zero = 3
  case unmeasured = 4
  case secrets = 5
  case cpuid = 6

  /// Whether the page's bytes are measured, and not only that it is there.
  package var measuresContents: Bool { self == .normal || self == .vmsa }
}

/// The launch digest of a SEV-SNP guest, page by page: LD = SHA-384(PAGE_INFO), from 48 zero bytes on.
/// Little-endian. Source: AMD 56860, SNP_LAUNCH_UPDATE, table "PAGE_INFO".
///
/// | offset | size | field      | value                                       |
/// |-------:|-----:|------------|---------------------------------------------|
/// |   0x00 |   48 | DIGEST_CUR | the digest so far                           |
/// |   0x30 |   48 | CONTENTS   | SHA-384 of a NORMAL or VMSA page, else zero |
/// |   0x60 |    2 | LENGTH     | 0x70                                        |
/// |   0x62 |    1 | PAGE_TYPE  | `PageType`                                  |
/// |   0x63 |    1 | IMI_PAGE   | 0                                           |
/// |   0x64 |    4 | VMPL perms | 0: KVM gives none                           |
/// |   0x68 |    8 | GPA        | the page's address                          |
package struct SNPDigest: Equatable, Sendable {
  /// Bytes of a digest.
  package static let size = SHA384.size
  package static let pageSize = 4096
  /// Where every VMSA is measured: KVM's address for them, the highest page below 2^48.
  package static let vmsaAddress: UInt64 = 0xFFFF_FFFF_F000

  package private(set) var bytes = [UInt8](repeating: 0, count: size)

  /// Before the first page.
  package init() {}

  /// Goes on from a digest; nil unless it has 48 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  /// Folds one 4 KiB page in.
  /// - Parameter contents: SHA-384 of the page's bytes; nil for a type that does not measure them.
  package mutating func update(
    _ type: PageType, gpa: UInt64, contents: [UInt8]? = nil
  ) throws(CryptoError) {
    let contents = contents ?? [UInt8](repeating: 0, count: Self.size)
    guard contents.count == Self.size else { throw .invalidInput("CONTENTS of a wrong length") }
    bytes = try SHA384.hash(
      bytes + contents + [0x70, 0, type.rawValue, 0, 0, 0, 0, 0] + gpa.littleEndianBytes)
  }

  /// Folds pages in that lie one after the other from `gpa` on, their bytes not measured.
  package mutating func update(_ type: PageType, gpa: UInt64, pages: Int) throws(CryptoError) {
    for page in 0..<max(0, pages) {
      try update(type, gpa: gpa &+ UInt64(page) &* UInt64(Self.pageSize))
    }
  }
}
