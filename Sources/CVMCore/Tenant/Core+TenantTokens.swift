import Bytes
import CVMCrypto
import Documents
import Glibc
import StateStore

extension Core {
  /// Makes a credential of a tenant and writes it to a new file. It can be read nowhere else.
  package func createToken(of name: String, file: String) throws(CoreError) -> TenantToken {
    try requireWritable()
    _ = try governedTenant(name, "create credentials")
    let (credential, id) = try Self.freshCredential()
    let digest = try Credential.digest(credential)
    try OutputFile.create(file, secret: credential)
    do throws(CoreError) {
      try act("tenant.token.create", on: name, detail: ["token": .string(id)]) {
        (transaction) throws(StoreError) in
        guard try transaction.tenantRow(name)?.state != .destroyed else {
          throw .conflict(kind: "tenant", name: name, reason: "is destroyed")
        }
        try transaction.insertTenantToken(id: id, digest: digest)
      }
    } catch {
      unsafe unlink(file)  // made by this command, and good for nothing
      throw error
    }
    return try token(id)
  }

  /// The credentials of a tenant, or of every tenant.
  package func tokens(of name: String?) throws(CoreError) -> [TenantToken] {
    if let name { _ = try knownTenant(name) }
    let store = try storeOfEveryTenant()
    let tenant = name ?? (acting == .operator ? nil : tenant)
    return try stored { () throws(StoreError) in
      if let tenant { try store.tenantTokens(tenant: tenant) } else { try store.tokensOfEveryTenant() }
    }.map(TenantToken.init)
  }

  /// From now on the credential is not accepted.
  package func revokeToken(_ id: String) throws(CoreError) -> TenantToken {
    try requireWritable()
    let token = try token(id)
    try requireOperator("revoke credentials")
    try act("tenant.token.revoke", on: token.tenant, detail: ["token": .string(id)]) {
      (transaction) throws(StoreError) in try transaction.deleteTenantToken(id: id)
    }
    return token
  }

  private func token(_ id: String) throws(CoreError) -> TenantToken {
    let store = try storeOfEveryTenant()
    let row = try stored { () throws(StoreError) in try store.tenantToken(id: id) }
    guard let row, acting == .operator || row.tenant == tenant else { throw .notFound(.token, id) }
    return TenantToken(row)
  }

  private static func freshCredential() throws(CoreError) -> (SecretBytes, id: String) {
    do {
      return (try SecretBytes.random(Credential.size), Hex.encode(try Random.bytes(8)))
    } catch {
      throw .crypto(error)
    }
  }
}
