internal import Bytes

/// Why the parameters that libvirt handed over are not what they should be. The values are the host's word:
/// hostile.
enum ParameterError: Error, Equatable, Sendable {
  case missing(String)
  case notBase64(String)
  case wrongSize(String, expected: Int, found: Int)
  case outOfRange(String)

  var summary: String {
    switch self {
    case .missing(let name): "libvirt's answer lacks '\(name)'"
    case .notBase64(let name): "'\(name)' is not base64"
    case .wrongSize(let name, let expected, let found):
      "'\(name)' has \(found) bytes, \(expected) expected"
    case .outOfRange(let name): "'\(name)' is out of range"
    }
  }
}

extension TypedParameters {
  func requiredUInt(_ name: String) throws(ParameterError) -> UInt32 {
    guard let value = uint(name) else { throw .missing(name) }
    return value
  }

  func requiredByte(_ name: String) throws(ParameterError) -> UInt8 {
    guard let value = UInt8(exactly: try requiredUInt(name)) else { throw .outOfRange(name) }
    return value
  }

  /// Strict base64 of exactly `size` bytes; nil where there is no such parameter.
  func bytes(_ name: String, size: Int) throws(ParameterError) -> [UInt8]? {
    guard value(name) != nil else { return nil }
    guard let text = text(name), let bytes = Base64.decode(text) else { throw .notBase64(name) }
    guard bytes.count == size else { throw .wrongSize(name, expected: size, found: bytes.count) }
    return bytes
  }

  func requiredBytes(_ name: String, size: Int) throws(ParameterError) -> [UInt8] {
    guard let bytes = try bytes(name, size: size) else { throw .missing(name) }
    return bytes
  }
}
