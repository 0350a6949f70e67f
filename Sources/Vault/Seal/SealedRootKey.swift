package import Bytes
package import CVMCrypto

/// The bytes of `root.key` where somebody has to open it. Little-endian.
///
/// | offset | size | field    | content                                                       |
/// |-------:|-----:|----------|---------------------------------------------------------------|
/// |   0x00 |    4 | MAGIC    | `CVMR`                                                        |
/// |   0x04 |    1 | VERSION  | must be 2 (1: `RootKeyFile`)                                  |
/// |   0x05 |    1 | KIND     | 2 passphrase, 3 shares, 4 PKCS#11 token, 5 TPM                |
/// |   0x06 |    2 | reserved | must be 0                                                     |
/// |   0x08 |   16 | VAULT    | `vaultID`: random; names this root key to the agent           |
/// |   0x18 |    2 | LENGTH   | of PARAMETERS                                                 |
/// |   0x1A |    2 | reserved | must be 0                                                     |
/// |   0x1C |    n | PARAMETERS | `PassphraseSeal`, `ShamirSeal`, `TokenSeal` or `TPMSeal`    |
/// |  +0x00 |   12 | NONCE    | random                                                        |
/// |  +0x0C |   48 | SEALED   | the root key, AES-256-GCM with its tag; all before NONCE is authenticated with it |
/// |  +0x3C |   32 | CHECK    | SHA-256 of all before it                                      |
package struct SealedRootKey: Equatable, Sendable {
  /// How the wrapping key is had.
  package enum Seal: Equatable, Sendable {
    case passphrase(PassphraseSeal)
    case shamir(ShamirSeal)
    case pkcs11(TokenSeal)
    case tpm2(TPMSeal)
  }

  /// What opens a seal.
  package enum Opening: Sendable {
    case passphrase(SecretBytes)
    case shares([KeyShare])
    case pin(SecretBytes)
    /// Nothing: the machine opens it.
    case machine
  }

  package let vaultID: [UInt8]
  package let seal: Seal
  let nonce: [UInt8]
  let sealed: [UInt8]

  static let format = "root key"
  static let version: UInt8 = 2
  static let idSize = 16
  private static let magic = Array("CVMR".utf8)
  private static let headSize = 0x1C
  private static let sealedSize = RootKeyFile.keySize + AES256GCM.tagSize
  private static let checkSize = 32

  /// Seals a root key with a key that its seal gave.
  init(_ root: SecretBytes, vaultID: [UInt8], seal: Seal, key: SecretBytes) throws(VaultError) {
    do {
      nonce = try Random.bytes(AES256GCM.nonceSize)
      sealed = try AES256GCM.seal(
        root, key: key, nonce: nonce, associatedData: Self.head(vaultID, seal))
    } catch {
      throw .crypto(error)
    }
    self.vaultID = vaultID
    self.seal = seal
  }

  /// Lets a token seal it.
  init(_ root: SecretBytes, vaultID: [UInt8], token seal: TokenSeal, pin: SecretBytes) throws(VaultError) {
    do { nonce = try Random.bytes(AES256GCM.nonceSize) } catch { throw .crypto(error) }
    self.vaultID = vaultID
    self.seal = .pkcs11(seal)
    sealed = try Token(seal, pin: pin).seal(root, nonce: nonce, data: Self.head(vaultID, self.seal))
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: Self.format)
    guard try cursor.array(4) == Self.magic else {
      throw FormatError(Self.format, at: 0, .invalid(field: "MAGIC", reason: "not CVMR"))
    }
    try cursor.require(Self.version, field: "VERSION")
    let kind: UInt8 = try cursor.littleEndian()
    try cursor.zeros(2, field: "reserved")
    vaultID = try cursor.array(Self.idSize)
    let length: UInt16 = try cursor.littleEndian()
    try cursor.zeros(2, field: "reserved")
    guard let sizes = Self.parameterSizes[kind] else {
      throw FormatError(Self.format, at: 5, .invalid(field: "KIND", reason: "unknown"))
    }
    guard sizes.contains(Int(length)) else {
      throw FormatError(Self.format, at: 0x18, .invalid(field: "LENGTH", reason: "not this seal's"))
    }
    let parameters = try cursor.array(Int(length))
    seal =
      switch kind {
      case 2: .passphrase(try PassphraseSeal(parsing: parameters, at: Self.headSize))
      case 3: .shamir(try ShamirSeal(parsing: parameters, at: Self.headSize))
      case 5: .tpm2(try TPMSeal(parsing: parameters, at: Self.headSize))
      default: .pkcs11(try TokenSeal(parsing: parameters, at: Self.headSize))
      }
    nonce = try cursor.array(AES256GCM.nonceSize)
    sealed = try cursor.array(Self.sealedSize)
    let offset = cursor.offset
    let check = try cursor.array(Self.checkSize)
    try cursor.finish()
    guard (try? SHA256.hash(Array(bytes.prefix(offset)))) == check else {
      throw FormatError(Self.format, at: offset, .invalid(field: "CHECK", reason: "not of these bytes"))
    }
  }

  func serialized() throws(VaultError) -> [UInt8] {
    let body = Self.head(vaultID, seal) + nonce + sealed
    do { return body + (try SHA256.hash(body)) } catch { throw .crypto(error) }
  }

  /// The root key. Throws `.wrongOpening` for another passphrase or changed bytes.
  package func open(by opening: Opening) throws(VaultError) -> SecretBytes {
    let key: SecretBytes
    switch (seal, opening) {
    case (.passphrase(let seal), .passphrase(let passphrase)): key = try seal.key(of: passphrase)
    case (.shamir(let seal), .shares(let shares)): key = try seal.key(of: shares)
    case (.pkcs11(let seal), .pin(let pin)):
      return try Token(seal, pin: pin).open(sealed, nonce: nonce, data: Self.head(vaultID, self.seal))
    case (.tpm2(let seal), .pin(let pin)) where seal.hasPIN:
      key = try TPM(at: seal.address).unseal(seal, pin: pin)
    case (.tpm2(let seal), .machine) where !seal.hasPIN:
      key = try TPM(at: seal.address).unseal(seal, pin: nil)
    default: throw .otherSeal(kind)
    }
    do {
      return try AES256GCM.open(
        sealed, key: key, nonce: nonce, associatedData: Self.head(vaultID, seal))
    } catch .authenticationFailed {
      throw .wrongOpening(kind)
    } catch {
      throw .crypto(error)
    }
  }

  package var kind: SealKind {
    switch seal {
    case .passphrase: .passphrase
    case .shamir: .shamir
    case .pkcs11: .pkcs11
    case .tpm2: .tpm2
    }
  }

  /// What somebody has to give.
  package var needs: Need {
    switch seal {
    case .passphrase: .passphrase
    case .shamir: .shares
    case .pkcs11: .pin
    case .tpm2(let seal): seal.hasPIN ? .pin : .nothing
    }
  }

  /// Whether the machine opens it now; asks it.
  package var opensByItself: Bool { needs == .nothing && (try? open(by: .machine)) != nil }

  package enum Need: Sendable {
    case passphrase, shares, pin, nothing
  }

  private static let parameterSizes: [UInt8: ClosedRange<Int>] = [
    2: PassphraseSeal.size...PassphraseSeal.size, 3: ShamirSeal.size...ShamirSeal.size, 4: TokenSeal.sizes,
    5: TPMSeal.sizes,
  ]

  private static func head(_ vaultID: [UInt8], _ seal: Seal) -> [UInt8] {
    let (kind, parameters): (UInt8, [UInt8]) =
      switch seal {
      case .passphrase(let seal): (2, seal.serialized())
      case .shamir(let seal): (3, seal.serialized())
      case .pkcs11(let seal): (4, seal.serialized())
      case .tpm2(let seal): (5, seal.serialized())
      }
    return magic + [version, kind, 0, 0] + vaultID
      + UInt16(truncatingIfNeeded: parameters.count).littleEndianBytes + [0, 0] + parameters
  }
}

/// What the root key is sealed by.
package enum SealKind: String, CaseIterable, Sendable {
  case file, passphrase, shamir, pkcs11, tpm2

  /// In a sentence: `sealed by a passphrase`.
  package var words: String {
    switch self {
    case .file: "a file"
    case .passphrase: "a passphrase"
    case .shamir: "shares"
    case .pkcs11: "a PKCS#11 token"
    case .tpm2: "a TPM"
    }
  }

  /// What it protects against, honestly.
  package var protects: String {
    switch self {
    case .file: "protects a stolen database, not a stolen state directory"
    case .passphrase: "protects a stolen state directory, as far as the passphrase cannot be guessed"
    case .shamir: "protects a stolen state directory, and against fewer holders than are needed"
    case .pkcs11: "protects a stolen state directory, as long as the token is not stolen with its PIN"
    case .tpm2: "protects a stolen state directory, and this machine started with something else"
    }
  }
}
