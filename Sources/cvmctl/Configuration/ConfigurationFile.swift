import Bytes
import CVMCore
import Documents
private import Synchronization

/// One of the two configuration files: a YAML mapping of setting to scalar.
struct ConfigurationFile: Sendable {
  let path: String
  let values: [String: String]

  static let keys: Set<String> = [
    "connect", "tenant", "output", "state-dir", "timeout", "log-level", "simulated",
    "token-file",
  ]

  private static let loaded = Mutex<[ConfigurationFile]?>(nil)

  /// The user's file, then the system's; one that does not exist is left out, a wrong one is an error. Read once: a command
  /// goes by one state of them from its start to its end.
  static func loadAll() throws -> [ConfigurationFile] {
    if let files = loaded.withLock({ $0 }) { return files }
    let files = try read()
    loaded.withLock { $0 = files }
    return files
  }

  private static func read() throws -> [ConfigurationFile] {
    var paths: [String] = []
    if let directory = Environment["XDG_CONFIG_HOME"], directory.hasPrefix("/") {
      paths.append(directory + "/cvmctl/config.yaml")
    } else if let home = Environment["HOME"], home.hasPrefix("/") {
      paths.append(home + "/.config/cvmctl/config.yaml")
    }
    paths.append("/etc/cvmctl/config.yaml")
    return try paths.compactMap(load)
  }

  private static func load(_ path: String) throws -> ConfigurationFile? {
    let bytes: [UInt8]
    do {
      bytes = try InputFile.read(path, limit: 1 << 20)
    } catch CoreError.file(_, .missing) {
      return nil
    }
    var values: [String: String] = [:]
    for (key, value, line) in try settings(bytes, path: path) {
      guard keys.contains(key) else {
        throw UsageError(
          "\(path):\(line): unknown setting '\(key)'", hint: keys.sorted().joined(separator: ", "))
      }
      values[key] = value
    }
    return ConfigurationFile(path: path, values: values)
  }

  private static func settings(_ bytes: [UInt8], path: String) throws -> [(String, String, Int)] {
    let root: YAMLNode
    do throws(DocumentError) {
      root = try YAMLText.tree(bytes)
    } catch {
      throw CoreError.malformedDocument(source: path, error)
    }
    if root.value == .null { return [] }
    guard let entries = root.mapping else {
      throw UsageError("\(path):\(root.line): a mapping of settings is expected")
    }
    return try entries.map { key, node in
      guard let text = node.scalarText else {
        throw UsageError("\(path):\(node.line): '\(key)' takes a single value")
      }
      return (key, text, node.line)
    }
  }
}
