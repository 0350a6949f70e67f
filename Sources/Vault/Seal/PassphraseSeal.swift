import Bytes
package import CVMCrypto

/// What a passphrase seal needs beside the passphrase. Little-endian.
///
/// | offset | size | field    | content                                                     |
/// |-------:|-----:|----------|-------------------------------------------------------------|
/// |   0x00 |    1 | KDF      | 1 PBKDF2-SHA-256, 2 scrypt                                  |
/// |   0x01 |    3 | reserved | must be 0                                                   |
/// |   0x04 |    4 | COST     | iterations 600,000...50,000,000, or N: 2¹⁴...2²⁰, a power of 2 |
/// |   0x08 |    4 | R        | scrypt 1...16, else 0                                       |
/// |   0x0C |    4 | P        | scrypt 1...4, else 0                                        |
/// |   0x10 |   32 | SALT     | random                                                      |
///
/// The bounds are what a hostile file can ask for: 2 GiB of memory, about a minute of work.
package struct PassphraseSeal: Equatable, Sendable {
  static let size = 0x30
  private static let saltSize = 32
  package static let iterations: ClosedRange<UInt32> = 600_000...50_000_000
  package static let costs: ClosedRange<UInt32> = (1 << 14)...(1 << 20)
  package static let defaultKDF = PasswordKDF.pbkdf2(iterations: 600_000)
  package static let defaultScrypt = PasswordKDF.scrypt(n: 1 << 17, r: 8, p: 1)

  package let kdf: PasswordKDF
  let salt: [UInt8]

  /// A fresh salt for a KDF whose parameters are within the bounds.
  package init(_ kdf: PasswordKDF) throws(VaultError) {
    guard Self.problem(of: kdf) == nil else { throw .crypto(.invalidInput("cost of the passphrase's KDF")) }
    do { salt = try Random.bytes(Self.saltSize) } catch { throw .crypto(error) }
    self.kdf = kdf
  }

  init(parsing bytes: [UInt8], at base: Int) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: SealedRootKey.format)
    let kind: UInt8 = try cursor.littleEndian()
    try cursor.zeros(3, field: "reserved")
    let (cost, r, p): (UInt32, UInt32, UInt32) = (
      try cursor.littleEndian(), try cursor.littleEndian(), try cursor.littleEndian()
    )
    salt = try cursor.array(Self.saltSize)
    try cursor.finish()
    switch kind {
    case 1 where r == 0 && p == 0: kdf = .pbkdf2(iterations: cost)
    case 2: kdf = .scrypt(n: cost, r: r, p: p)
    default: throw FormatError(SealedRootKey.format, at: base, .invalid(field: "KDF", reason: "unknown"))
    }
    if let field = Self.problem(of: kdf) {
      let offset = field == "COST" ? 4 : field == "R" ? 8 : 12
      throw FormatError(
        SealedRootKey.format, at: base + offset, .invalid(field: field, reason: "out of range"))
    }
  }

  func serialized() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    let (kind, cost, r, p): (UInt8, UInt32, UInt32, UInt32) =
      switch kdf {
      case .pbkdf2(let iterations): (1, iterations, 0, 0)
      case .scrypt(let n, let r, let p): (2, n, r, p)
      }
    writer.append([kind, 0, 0, 0])
    writer.littleEndian(cost)
    writer.littleEndian(r)
    writer.littleEndian(p)
    writer.append(salt)
    return writer.bytes
  }

  func key(of passphrase: SecretBytes) throws(VaultError) -> SecretBytes {
    do { return try kdf.key(of: passphrase, salt: salt) } catch { throw .crypto(error) }
  }

  /// The field that is out of its bounds.
  private static func problem(of kdf: PasswordKDF) -> String? {
    switch kdf {
    case .pbkdf2(let iterations): iterationsProblem(iterations)
    case .scrypt(let n, let r, let p):
      !costs.contains(n) || n.nonzeroBitCount != 1
        ? "COST" : !(1...16).contains(r) ? "R" : !(1...4).contains(p) ? "P" : nil
    }
  }

  private static func iterationsProblem(_ count: UInt32) -> String? {
    iterations.contains(count) ? nil : "COST"
  }
}
