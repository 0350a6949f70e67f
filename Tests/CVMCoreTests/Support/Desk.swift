import Bytes
import CVMCore
import CVMCrypto
import StateStore

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

  /// A second core over the same store, for another tenant or with other rights.
  func core(tenant: String = "default", readOnly: Bool = false) throws -> Core {
    let host = host
    return try Core(
      tenant: tenant, uri: host.uri, stateDirectory: scratch.file("state"), timeout: 5, readOnly: readOnly,
      allowsSimulated: true, backend: { () throws(BackendError) in host })
  }

  func yaml(_ lines: String...) -> String {
    (["name: web1", "virt: qemu", "memory: 64MiB", "cpu: EPYC-Milan", "firmware: \(scratch.file("ex.fd"))"] + lines)
      .joined(separator: "\n") + "\n"
  }

  @discardableResult
  func define(_ lines: String...) throws -> GuestOverview {
    let file = try scratch.write(
      (["name: web1", "virt: qemu", "memory: 64MiB", "cpu: EPYC-Milan", "firmware: \(scratch.file("ex.fd"))"] + lines)
        .joined(separator: "\n") + "\n", to: "guest.yaml")
    return try core.define(DefinitionSource(file), DefinitionOverrides())
  }

  func start(_ options: StartOptions = StartOptions()) throws -> StartedGuest {
    try core.start("web1", options, progress: { _ in })
  }

  /// The record of the latest launch.
  func record() throws -> LaunchRecord { try core.launchRecord("web1") }

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
