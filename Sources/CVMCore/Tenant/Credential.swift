import Bytes
package import CVMCrypto
package import StateStore

/// What a caller shows to act as a tenant: 32 random bytes, in a file that only its holder reads. The store
/// knows its SHA-256: who reads the store cannot act by it.
package enum Credential {
  package static let size = 32

  /// Reads a credential's file.
  package static func read(_ path: String) throws(CoreError) -> SecretBytes {
    let credential = try InputFile.readSecret(path, limit: size)
    guard credential.count == size else {
      throw .usage("\(path): a tenant's credential has \(size) bytes", hint: "cvmctl tenant token create")
    }
    return credential
  }

  /// The token of a credential. A tenant that is named beside it has to be its own: any other reads as absent, and
  /// whether there is one is asked either way.
  static func token(
    _ credential: SecretBytes, naming named: String?, in store: StateStore
  ) throws(CoreError) -> TenantTokenRow {
    guard let token = try token(credential, in: store) else {
      throw .forbidden("the tenant's credential is not accepted", hint: "it may have been revoked")
    }
    if let named {
      do {
        _ = try store.tenantRow(named)
      } catch {
        throw .store(error)
      }
      guard named == token.tenant else { throw .notFound(.tenant, named) }
    }
    return token
  }

  /// Nil for a credential that the store does not know.
  package static func token(
    _ credential: SecretBytes, in store: StateStore
  ) throws(CoreError) -> TenantTokenRow? {
    let digest = try digest(credential)
    do {
      return try store.tenantToken(digest: digest)
    } catch {
      throw .store(error)
    }
  }

  static func digest(_ credential: SecretBytes) throws(CoreError) -> [UInt8] {
    do {
      let stream = try SHA256.Stream()
      credential.withBytes { stream.update($0) }
      return try stream.finalize()
    } catch {
      throw .crypto(error)
    }
  }
}
