/// Why there is no usable `cvm-qemu.conf`.
enum ConfigurationError: Error, Equatable {
  case absent(tried: [String])
  case unreadable(file: String, reason: String)
  case noAssignment(file: String, line: Int)
  case unknownKey(file: String, line: Int, key: String)
  case twice(file: String, line: Int, key: String)
  case missingKey(file: String, key: String)
  case badValue(file: String, key: String, expected: String)

  var summary: String {
    switch self {
    case .absent(let tried): "no configuration: looked for " + tried.joined(separator: " and ")
    case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
    case .noAssignment(let file, let line): "\(file):\(line): 'key = value' expected"
    case .unknownKey(let file, let line, let key): "\(file):\(line): unknown key '\(key)'"
    case .twice(let file, let line, let key): "\(file):\(line): '\(key)' is given twice"
    case .missingKey(let file, let key): "\(file): '\(key)' is missing"
    case .badValue(let file, let key, let expected): "\(file): \(key) must be \(expected)"
    }
  }
}
