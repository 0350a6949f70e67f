import Bytes
import CVMCrypto
import Glibc
import Vault

/// A key pair of somebody to whom keys are sealed, in two files. Nothing of it needs a store.
package struct RecipientInfo: Encodable, Equatable, Sendable {
  /// SHA-256 of the public key.
  package var fingerprint: String
  package var algorithm = "x-wing"
  /// The file that anybody may have, and the one that stays.
  package var publicFile: String
  package var identityFile: String
  package let simulated = false
}

/// A key that was opened outside of any vault.
package struct OpenedExport: Encodable, Equatable, Sendable {
  package var tenant: String
  package var name: String
  package var version: UInt32
  package var purpose: String
  package var algorithm: String
  package var file: String
  package let simulated = false
}

/// Recipients, identities and what is sealed to them.
package enum RecipientFiles {
  private static let exportLimit = 128 << 10
  private static let recipientLimit = 4096

  /// Makes a key pair: `PREFIX.pub`, and `PREFIX.key` that only its owner can read.
  package static func create(_ prefix: String) throws(CoreError) -> RecipientInfo {
    let (open, closed) = (prefix + ".pub", prefix + ".key")
    for path in [open, closed] { try OutputFile.requireAbsent(path) }
    let (identity, file, secret): (Identity, [UInt8], SecretBytes)
    do throws(CryptoError) {
      identity = try Identity.fresh()
      file = try identity.recipient.serialized()
      secret = try identity.serialized()
    } catch {
      throw .crypto(error)
    }
    try OutputFile.create(closed, secret: secret)
    do throws(CoreError) {
      try OutputFile.create(open, file, mode: 0o644)
    } catch {
      unsafe unlink(closed)
      throw error
    }
    return RecipientInfo(
      fingerprint: Hex.encode(identity.recipient.fingerprint), publicFile: open, identityFile: closed)
  }

  static func recipient(_ path: String) throws(CoreError) -> Recipient {
    let bytes = try InputFile.read(path, limit: recipientLimit)
    do { return try Recipient(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }

  static func identity(_ path: String) throws(CoreError) -> Identity {
    let bytes = try InputFile.readSecret(path, limit: recipientLimit)
    do { return try Identity(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }

  static func exported(_ path: String) throws(CoreError) -> ExportedKey {
    let bytes = try InputFile.read(path, limit: exportLimit)
    do { return try ExportedKey(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }

  /// A named key's file, and the key in it.
  static func opened(_ path: String, identity: String) throws(CoreError) -> (ExportedKey, SecretBytes) {
    let file = try exported(path)
    guard file.kind != .escrow else {
      throw .usage("\(path): a tenant's KEK in escrow, not a key", hint: "cvmctl key recover \(path)")
    }
    return (file, try open(file, path, try Self.identity(identity)))
  }

  static func open(
    _ file: ExportedKey, _ path: String, _ identity: Identity
  ) throws(CoreError) -> SecretBytes {
    do {
      return try file.open(with: identity)
    } catch .notAuthentic {
      throw .refused("\(path): changed since it was sealed")
    } catch .otherRecipient(let fingerprint) {
      throw .refused("\(path): sealed to another recipient, \(fingerprint)")
    } catch {
      throw .vault(error)
    }
  }

  /// Opens a key's file, and writes its bytes to a new one that only its owner can read.
  package static func open(
    _ path: String, identity: String, to output: String
  ) throws(CoreError) -> OpenedExport {
    try OutputFile.requireAbsent(output)
    let (file, secret) = try opened(path, identity: identity)
    try OutputFile.create(output, secret: secret)
    return OpenedExport(
      tenant: file.tenant, name: file.name, version: file.version, purpose: file.purpose,
      algorithm: file.algorithm, file: output)
  }
}
