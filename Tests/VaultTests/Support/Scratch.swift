import Bytes
import CVMCrypto
import Foundation
import StateStore
import Vault

/// A state directory of its own for a test, removed afterwards.
final class Scratch {
  let path: String

  init() {
    let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    path = base + "/cvmctl-vault-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func store() throws(StoreError) -> StateStore {
    try StateStore(path: path, patience: .seconds(30), at: moment)
  }

  func vault() throws -> Vault { try Vault(store: store(), actor: "uid:1000") }

  func file(_ name: String) -> String { path + "/" + name }

  func bytes(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: file(name)).map(Array.init) ?? []
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    try set(mode: 0o600, name)
  }

  func set(mode: Int, _ name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
  }

  func mode(_ name: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file(name))
    return (attributes?[.posixPermissions] as? NSNumber)?.intValue
  }

  /// Every file in it with its content.
  func files() throws -> [String: [UInt8]] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: path)
    return Dictionary(uniqueKeysWithValues: names.map { ($0, bytes($0)) })
  }
}

let moment = Timestamp(seconds: 1_795_558_500) ?? .epoch

func context(
  tenant: String = "default", object: String = "launch/1", version: UInt32 = 7, purpose: String = "tek"
) -> KeyContext {
  KeyContext(tenant: tenant, object: object, version: version, purpose: purpose)
}

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

/// The error that `body` throws, in the words of `VaultVector`.
func failure<T>(_ body: () throws(VaultError) -> T) -> VaultError? {
  do {
    _ = try body()
    return nil
  } catch { return error }
}

extension StateStore {
  func createTenant(_ name: String) throws(StoreError) {
    let record = AuditRecord(time: moment, tenant: name, actor: "uid:0", act: "tenant.create", object: name)
    try act(record) { (transaction) throws(StoreError) in try transaction.createTenant() }
  }
}
