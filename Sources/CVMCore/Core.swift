import Bytes
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

  private let makeBackend: () throws(BackendError) -> any LaunchBackend
  private let lock = RecursiveLock()
  private var openedBackend: (any LaunchBackend)?
  private var openedStore: StateStore?
  private var openedVault: Vault?
  /// One core serves one thread at a time.
  var lastVerdict: PlatformVerdict?

  package init(
    tenant: String, uri: String, stateDirectory: String, timeout: Int, readOnly: Bool, allowsSimulated: Bool,
    backend: @escaping () throws(BackendError) -> any LaunchBackend
  ) throws(CoreError) {
    self.tenant = try TenantName.check(tenant)
    self.uri = uri
    self.stateDirectory = stateDirectory
    self.timeout = timeout
    self.readOnly = readOnly
    self.allowsSimulated = allowsSimulated
    makeBackend = backend
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

  package func store() throws(CoreError) -> StateStore {
    try lock.holding { () throws(CoreError) in
      if let openedStore { return openedStore }
      let now = Timestamp.now()
      do throws(StoreError) {
        let store = try StateStore(
          path: stateDirectory, patience: .seconds(timeout), at: now)
        store.signHeads(by: Self.headSigner)
        openedStore = store
        return store
      } catch {
        throw .store(error)
      }
    }
  }

  func vault() throws(CoreError) -> Vault {
    let store = try store()
    return try lock.holding { () throws(CoreError) in
      if let openedVault { return openedVault }
      do throws(VaultError) {
        let vault = try Vault(store: store, actor: Actor.current, patience: .seconds(timeout))
        // From the first key on that the vault keeps, the log is signed.
        if !readOnly { _ = try vault.auditSigner(at: Timestamp.now()) }
        openedVault = vault
        return vault
      } catch {
        throw .vault(error)
      }
    }
  }

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
