package import Bytes
package import CVMCrypto

/// A key that left the vault, sealed: what it is, whom it is for, and its envelope. Little-endian.
///
/// | offset | size | field       | Swift                                                                  |
/// |-------:|-----:|-------------|------------------------------------------------------------------------|
/// |   0x00 |    4 | MAGIC       | `CVMX`                                                                 |
/// |   0x04 |    1 | VERSION     | must be 1                                                              |
/// |   0x05 |    1 | KIND        | `kind`                                                                 |
/// |   0x06 |    2 | reserved    | must be 0                                                              |
/// |   0x08 |    4 | KEY_VERSION | `version`, not 0                                                       |
/// |   0x0C |   32 | HOLDER      | `holder`: a recipient's fingerprint, or the number of a set of shares and zeros |
/// |   0x2C |      | TENANT      | one byte, the length, and the text, as the three that follow           |
/// |        |      | OBJECT      | `object`: `key/` and a name, or `kek`                                  |
/// |        |      | PURPOSE     |                                                                        |
/// |        |      | ALGORITHM   | of the key                                                             |
/// |        |      | ENVELOPE    | `Envelope`, to the end                                                 |
///
/// | kind | what                           | purpose that the envelope is bound to  |
/// |-----:|--------------------------------|----------------------------------------|
/// |    1 | exported to a recipient        | PURPOSE `/export/` ALGORITHM           |
/// |    2 | as the vault keeps it          | PURPOSE                                |
/// |    3 | a tenant's KEK in escrow       | PURPOSE `/escrow/` ALGORITHM           |
///
/// Tenant, object and version are bound to the envelope by its `KeyContext`, the recipient by HPKE: no field of a file can be
/// changed, but for the algorithm in one of kind 2. Purposes of the vault's own envelopes have no such endings.
package struct ExportedKey: Equatable, Sendable {
  package enum Kind: UInt8, Sendable {
    case export = 1
    case held = 2
    case escrow = 3
  }

  package let kind: Kind
  package let version: UInt32
  package let holder: [UInt8]
  package let tenant: String
  package let object: String
  package let purpose: String
  package let algorithm: String
  package let envelope: Envelope

  static let format = "exported key"
  private static let magic = Array("CVMX".utf8)
  static let holderSize = Recipient.fingerprintSize

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: Self.format)
    guard try cursor.array(4) == Self.magic else {
      throw FormatError(Self.format, at: 0, .invalid(field: "MAGIC", reason: "not CVMX"))
    }
    try cursor.require(1 as UInt8, field: "VERSION")
    let number: UInt8 = try cursor.littleEndian()
    guard let kind = Kind(rawValue: number) else {
      throw FormatError(
        Self.format, at: 5, .unexpected(field: "KIND", found: UInt64(number), expected: "1, 2 or 3"))
    }
    try cursor.zeros(2, field: "reserved")
    let version: UInt32 = try cursor.littleEndian()
    guard version > 0 else {
      throw FormatError(Self.format, at: 8, .invalid(field: "KEY_VERSION", reason: "0"))
    }
    let holder = try cursor.array(Self.holderSize)
    let tenant = try Self.text(&cursor, "TENANT")
    let (place, object) = (cursor.offset, try Self.text(&cursor, "OBJECT"))
    guard object.hasPrefix("key/") != (kind == .escrow), object.hasPrefix("key/") || object == Vault.kekObject
    else { throw FormatError(Self.format, at: place, .invalid(field: "OBJECT", reason: "not of this kind")) }
    let purpose = try Self.text(&cursor, "PURPOSE")
    let algorithm = try Self.text(&cursor, "ALGORITHM")
    let start = cursor.offset
    let envelope: Envelope
    do { envelope = try Envelope(parsing: try cursor.array(cursor.remaining)) } catch {
      throw FormatError(error.format, at: start + error.offset, error.problem)
    }
    guard envelope.algorithm == .xWing || kind == .escrow else {
      throw FormatError(
        Envelope.format, at: start + 5, .invalid(field: "ALGORITHM", reason: "not of this kind of file"))
    }
    self.init(kind, holder, (tenant, object, version, purpose), algorithm, envelope)
  }

  private init(
    _ kind: Kind, _ holder: [UInt8],
    _ key: (tenant: String, object: String, version: UInt32, purpose: String),
    _ algorithm: String, _ envelope: Envelope
  ) {
    self.kind = kind
    self.holder = holder
    (tenant, object, version, purpose) = key
    self.algorithm = algorithm
    self.envelope = envelope
  }

  package func serialized() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Self.magic + [1, kind.rawValue, 0, 0])
    writer.littleEndian(version)
    writer.append(holder)
    for text in [tenant, object, purpose, algorithm] {
      writer.append([UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8))
    }
    writer.append(envelope.serialized())
    return writer.bytes
  }

  /// 1 to 255 visible ASCII characters, each of which is itself on a terminal.
  private static func text(_ cursor: inout ByteCursor, _ field: String) throws(FormatError) -> String {
    let start = cursor.offset
    let count: UInt8 = try cursor.littleEndian()
    let bytes = try cursor.array(Int(count))
    guard count > 0, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw FormatError(format, at: start, .invalid(field: field, reason: "not a name"))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

// MARK: Sealing and opening

extension ExportedKey {
  /// What the envelope is bound to.
  private var context: KeyContext {
    Self.context(
      KeyContext(tenant: tenant, object: object, version: version, purpose: purpose), kind, algorithm)
  }

  private static func context(_ key: KeyContext, _ kind: Kind, _ algorithm: String) -> KeyContext {
    let purpose =
      switch kind {
      case .export: "\(key.purpose)/export/\(algorithm)"
      case .held: key.purpose
      case .escrow: "\(key.purpose)/escrow/\(algorithm)"
      }
    return KeyContext(tenant: key.tenant, object: key.object, version: key.version, purpose: purpose)
  }

  /// A key for a recipient, `kind` being `.export` or `.escrow`.
  package init(
    _ secret: SecretBytes, of key: KeyContext, algorithm: String, as kind: Kind = .export,
    to recipient: Recipient
  ) throws(VaultError) {
    let envelope = try Vault.parsed(
      try Vault.seal(secret, to: recipient.key, kekVersion: 0, Self.context(key, kind, algorithm)))
    self.init(
      kind, recipient.fingerprint, (key.tenant, key.object, key.version, key.purpose), algorithm, envelope)
  }

  /// A KEK for the holders of shares that make up `wrapping`.
  init(
    _ secret: SecretBytes, of key: KeyContext, algorithm: String, under wrapping: SecretBytes, set: [UInt8]
  ) throws(VaultError) {
    let envelope = try Vault.parsed(
      try Vault.seal(secret, key: wrapping, kekVersion: 0, Self.context(key, .escrow, algorithm)))
    let holder = set + [UInt8](repeating: 0, count: Self.holderSize - set.count)
    self.init(.escrow, holder, (key.tenant, key.object, key.version, key.purpose), algorithm, envelope)
  }

  /// A key as the vault keeps it for a tenant that opens it elsewhere.
  init(_ envelope: Envelope, of key: KeyContext, algorithm: String, heldBy recipient: Recipient) {
    self.init(
      .held, recipient.fingerprint, (key.tenant, key.object, key.version, key.purpose), algorithm, envelope)
  }

  /// The key's bytes. `.otherRecipient` where it is sealed to somebody else.
  package func open(with identity: Identity) throws(VaultError) -> SecretBytes {
    guard envelope.algorithm == .xWing, holder == identity.recipient.fingerprint else {
      throw .otherRecipient(fingerprint: Hex.encode(holder))
    }
    return try Vault.open(envelope, with: identity.key, context)
  }

  /// The number of the set of shares that open it; nil where a recipient does.
  package var shareSet: [UInt8]? {
    envelope.algorithm == .xWing ? nil : Array(holder.prefix(ShamirSeal.setSize))
  }

  func open(under wrapping: SecretBytes) throws(VaultError) -> SecretBytes {
    try Vault.open(envelope, key: wrapping, context)
  }
}
