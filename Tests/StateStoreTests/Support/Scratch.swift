import Foundation
import StateStore

/// A directory of its own for a test, removed afterwards.
final class Scratch {
  let path: String

  init() {
    let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    path = base + "/cvmctl-store-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func directory() throws(StoreError) -> PrivateDirectory { try PrivateDirectory(path, create: true) }

  func file(_ name: String) -> String { path + "/" + name }

  func bytes(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: file(name)).map(Array.init) ?? []
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  func mode(_ name: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file(name))
    return (attributes?[.posixPermissions] as? NSNumber)?.intValue
  }

  func set(mode: Int, _ name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
  }
}

/// The error that `body` throws.
func failure<T>(_ body: () throws(StoreError) -> T) -> StoreError? {
  do {
    _ = try body()
    return nil
  } catch { return error }
}

extension StoreError {
  /// The case's name, for tests that do not care about its texts.
  var kind: String {
    switch self {
    case .absent: "absent"
    case .unreachable: "unreachable"
    case .locked: "locked"
    case .corrupt: "corrupt"
    case .permission: "permission"
    case .newerVersion: "newerVersion"
    case .unwritable: "unwritable"
    case .notFound: "notFound"
    case .exists: "exists"
    case .conflict: "conflict"
    case .constraint: "constraint"
    case .misuse: "misuse"
    case .failed: "failed"
    }
  }
}
