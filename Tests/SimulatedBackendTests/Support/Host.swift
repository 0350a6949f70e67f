import CVMCore
import Foundation
import SecureProcessor
import SimulatedBackend

/// A simulated host in a temporary directory that goes with the test. Its processor is a copy of one that all
/// tests share, for the making of RSA keys takes the longest of all.
final class Host: Sendable {
  let directory: String
  let path: String

  init(_ name: String = "default") throws {
    directory = NSTemporaryDirectory() + "cvm-sim-\(UUID().uuidString)"
    path = directory + "/" + name
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: attributes)
    try Template.copy(to: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func backend(timeout: Int = 20) throws -> SimulatedBackend {
    try SimulatedBackend(uri: "sim:///", directory: path, timeout: timeout)
  }

  /// The AMD-SP as stored.
  func processor() throws -> SecureProcessor {
    try PlatformDirectory(path: path + "/platform").snapshot()
  }

  func names(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)").sorted()
  }

  /// A file beside the host.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(directory)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

private enum Template {
  static let directory = NSTemporaryDirectory() + "cvm-sim-template-\(getpid())"

  static let path: String? = {
    try? FileManager.default.removeItem(atPath: directory)
    atexit { try? FileManager.default.removeItem(atPath: Template.directory) }
    do {
      try SimulatedHost.create(.standard, in: directory)
      return directory + "/default"
    } catch {
      return nil
    }
  }()

  struct NoTemplate: Error {}

  static func copy(to path: String) throws {
    guard let template = Self.path else { throw NoTemplate() }
    try FileManager.default.copyItem(atPath: template, toPath: path)
    for (name, mode) in [("", 0o700), ("/memory", 0o700), ("/platform", 0o700), ("/platform/guests", 0o700)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path + name)
    }
  }
}
