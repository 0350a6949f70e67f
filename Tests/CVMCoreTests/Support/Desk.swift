import Bytes
import CVMCore
import CVMCrypto
import StateStore
import Testing

/// A core over a scripted host and a store of its own, with the example's firmware and kernel at hand.
final class Desk {
  let scratch: Scratch
  let host: ScriptedHost
  let core: Core

  init(uri: String = "qemu:///scripted", allowsSimulated: Bool = true, tenant: String = "default") throws {
    let scratch = try Scratch()
    let host = try ScriptedHost(uri: uri)
    self.scratch = scratch
    self.host = host
    core = try Core(
      tenant: tenant, uri: uri, stateDirectory: scratch.file("state"), timeout: 5, readOnly: false,
      allowsSimulated: allowsSimulated, backend: { () throws(BackendError) in host })
    try scratch.write(exampleFirmware, to: "ex.fd")
    try scratch.write("kernel\n", to: "kernel")
    try scratch.write("secret!!", to: "secret")
  }

  /// A second core over the same store, for another tenant or with other rights. Makes the tenant where there is none.
  func core(tenant: String = "default", readOnly: Bool = false) throws -> Core {
    let known = try core.tenants().map(\.name)
    if !known.contains(tenant) { _ = try core.createTenant(tenant, labels: []) }
    return try core(named: tenant, readOnly: readOnly)
  }

  /// A second core over the same store, as it comes.
  func core(
    named tenant: String?, credential: SecretBytes? = nil, readOnly: Bool = false
  ) throws -> Core {
    let host = host
    return try Core(
      tenant: tenant, credential: credential, uri: host.uri, stateDirectory: scratch.file("state"),
      timeout: 5, readOnly: readOnly,
      allowsSimulated: true, backend: { () throws(BackendError) in host })
  }

  /// A guest file of these lines over a few of its own; a later line replaces an own one of the same key.
  func yaml(_ lines: [String]) -> String {
    func key(_ line: String) -> Substring { line.prefix { $0 != ":" } }
    let own = [
      "name: web1", "virt: qemu", "memory: 64MiB", "cpu: EPYC-Milan", "firmware: \(scratch.file("ex.fd"))",
    ]
    return (own.filter { line in !lines.contains { key($0) == key(line) } } + lines)
      .joined(separator: "\n") + "\n"
  }

  @discardableResult
  func define(_ lines: String..., overrides: DefinitionOverrides = DefinitionOverrides()) throws
    -> GuestOverview
  {
    try core.define(DefinitionSource(try scratch.write(yaml(lines), to: "guest.yaml")), overrides)
  }

  func start(_ options: StartOptions = StartOptions()) throws -> StartedGuest {
    try core.start("web1", options, progress: { _ in })
  }

  /// The record of the latest launch.
  func record() throws -> LaunchRecord { try core.launchRecord("web1") }

  /// The latest launch has its transport keys in the store.
  func keepsKeys() throws -> Bool {
    let store = try StateStore(path: scratch.file("state"), access: .readOnly, at: .now())
    let row = try #require(try store.launches(tenant: "default", limit: 1).first)
    #expect((row.wrappedTEK == nil) == (row.wrappedTIK == nil))
    return row.wrappedTEK != nil
  }

  /// Nothing that a launch adds to a definition stands in the stored one.
  func hasCleanDefinition() -> Bool {
    guard let stored = host.stored else { return false }
    return !stored.contains("<session") && !stored.contains("<dhCert")
  }

  var secret: SecretSource { SecretSource(name: "luks-key", path: scratch.file("secret")) }

  /// The audit log: `guest.define attempt`, `guest.define ok`, …
  func audit(tenant: String = "default") throws -> [String] {
    let store = try StateStore(path: scratch.file("state"), access: .readOnly, at: .now())
    return try store.auditEntries(tenant: tenant).map { entry in
      "\(entry.record.act) \(entry.outcome.isEmpty ? entry.phase.rawValue : entry.outcome)"
    }
  }
}

/// The error of a call that has to fail.
func refusal(_ body: () throws -> Void) -> CoreError? {
  do {
    try body()
    return nil
  } catch {
    return error as? CoreError
  }
}
