import Bytes
package import CVMCrypto
package import StateStore
import Vault

/// cvmctl's services, acting for one tenant at one host. Store, vault and host are opened when a service first needs them.
package final class Core: @unchecked Sendable {
  /// The acting tenant.
  package let tenant: String
  package let uri: String
  package let stateDirectory: String
  /// Seconds that the host has for a command's act on one guest.
  package let timeout: Int
  package let readOnly: Bool
  /// `simulated: allow` of the configuration.
  package let allowsSimulated: Bool

  /// The operator, or the holder of a tenant's credential.
  let acting: Actor

  private let makeBackend: () throws(BackendError) -> any LaunchBackend
  private let lock = RecursiveLock()
  private var openedBackend: (any LaunchBackend)?
  private var openedStore: StateStore?
  private var knowsTenant = false
  private var openedVault: Vault?
  /// One core serves one thread at a time.
  var lastVerdict: PlatformVerdict?

  /// - Parameters:
  ///   - tenant: the tenant to act for; nil: the credential's, for the operator `default`.
  ///   - credential: a tenant's, which then is the only tenant that there is.
  package init(
    tenant: String?, credential: SecretBytes? = nil, uri: String, stateDirectory: String, timeout: Int,
    readOnly: Bool, allowsSimulated: Bool, backend: @escaping () throws(BackendError) -> any LaunchBackend
  ) throws(CoreError) {
    let named = try tenant.map(TenantName.check)
    if let credential {
      let store = try Self.open(stateDirectory, timeout)
      let token = try Credential.token(credential, naming: named, in: store)
      self.tenant = token.tenant
      acting = .holder(token: token.id)
      openedStore = store
      knowsTenant = true
    } else {
      self.tenant = named ?? StateStore.defaultTenant
      acting = .operator
    }
    self.uri = uri
    self.stateDirectory = stateDirectory
    self.timeout = timeout
    self.readOnly = readOnly
    self.allowsSimulated = allowsSimulated
    makeBackend = backend
  }

  /// A core for another thread, with the same store; with the same host as well, where that serves several threads.
  package func forAnotherThread() throws(CoreError) -> Core {
    let (host, store) = (try backend(), try storeOfEveryTenant())
    return Core(beside: self, tenant: tenant, store, host.servesSeveralThreads ? host : nil)
  }

  /// A core that acts for another tenant, with the same store.
  package func forTenant(_ tenant: String) throws(CoreError) -> Core {
    try requireOperator("act for other tenants")
    return Core(beside: self, tenant: tenant, try storeOfEveryTenant(), openedHost)
  }

  private init(beside other: Core, tenant: String, _ store: StateStore, _ host: (any LaunchBackend)?) {
    self.tenant = tenant
    acting = other.acting
    uri = other.uri
    stateDirectory = other.stateDirectory
    timeout = other.timeout
    readOnly = other.readOnly
    allowsSimulated = other.allowsSimulated
    makeBackend = other.makeBackend
    openedStore = store
    openedBackend = host
  }

  package func backend() throws(CoreError) -> any LaunchBackend {
    try lock.holding { () throws(CoreError) in
      if let openedBackend { return openedBackend }
      do throws(BackendError) {
        let backend = try makeBackend()
        openedBackend = backend
        return backend
      } catch {
        throw .backend(error)
      }
    }
  }

  /// A command goes on to its next guest: its time limit counts from here.
  package func restartTimeLimit() { lock.holding { openedBackend?.restartTimeLimit() } }

  /// The store, where the acting tenant is known to be.
  package func store() throws(CoreError) -> StateStore {
    try lock.holding { () throws(CoreError) in
      let store = try storeOfEveryTenant()
      if !knowsTenant {
        guard try tenantRow(tenant, in: store) != nil else { throw .notFound(.tenant, tenant) }
        knowsTenant = true
      }
      return store
    }
  }

  /// The store for acts on tenants: the acting one need not be there.
  func storeOfEveryTenant() throws(CoreError) -> StateStore {
    try lock.holding { () throws(CoreError) in
      if let openedStore { return openedStore }
      let store = try Self.open(stateDirectory, timeout)
      store.signHeads(by: Self.headSigner)
      openedStore = store
      return store
    }
  }

  private static func open(_ directory: String, _ timeout: Int) throws(CoreError) -> StateStore {
    do {
      return try StateStore(path: directory, patience: .seconds(timeout), at: Timestamp.now())
    } catch {
      throw .store(error)
    }
  }

  /// The vault. It stays closed to a tenant that is not active.
  func vault() throws(CoreError) -> Vault {
    let store = try store()
    try requireActive()
    return try lock.holding { () throws(CoreError) in
      if let openedVault { return openedVault }
      do throws(VaultError) {
        let vault = try Vault(store: store, actor: actor, patience: .seconds(timeout))
        // From the first key on that the vault keeps, the log is signed.
        if !readOnly {
          let signer = try vault.auditSigner(at: Timestamp.now())
          store.signHeads { _ in signer }
        }
        openedVault = vault
        return vault
      } catch {
        throw .vault(error)
      }
    }
  }

  var actor: String { acting.name }

  /// Throws for a connection that was asked to change nothing.
  func requireWritable() throws(CoreError) {
    guard !readOnly else { throw .backend(.permission(reason: "--readonly forbids changes")) }
  }

  /// The host, where it was opened already.
  var openedHost: (any LaunchBackend)? { lock.holding { openedBackend } }
}

/// The names that tenants may have.
package enum TenantName {
  /// 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit.
  package static func check(_ name: String) throws(CoreError) -> String {
    let allowed = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-")
    }
    guard allowed, (1...63).contains(name.utf8.count), !name.hasPrefix("-") else {
      throw .usage("a tenant's name is 1 to 63 lower-case letters, digits and hyphens")
    }
    return name
  }
}
