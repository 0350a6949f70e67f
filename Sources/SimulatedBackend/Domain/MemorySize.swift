import CVMCore
import Documents

/// libvirt's scaled sizes: a number and a unit, KiB without one.
enum MemorySize {
  /// The size in the element of that name, in bytes.
  static func bytes(_ document: XMLElement, _ name: String) throws(BackendError) -> UInt64 {
    guard let element = document.child(name) else { throw .malformed("missing element '\(name)'") }
    guard let factor = factor(element.attribute("unit") ?? "KiB") else {
      throw .malformed("unknown unit of element '\(name)'")
    }
    guard let number = UInt64(element.text), number > 0 else {
      throw .malformed("invalid value of element '\(name)'")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { throw .malformed("value of element '\(name)' is too large") }
    return bytes
  }

  private static func factor(_ unit: String) -> UInt64? {
    switch unit {
    case "b", "bytes": 1
    case "KB": 1000
    case "k", "K", "KiB": 1 << 10
    case "MB": 1_000_000
    case "m", "M", "MiB": 1 << 20
    case "GB": 1_000_000_000
    case "g", "G", "GiB": 1 << 30
    case "TB": 1_000_000_000_000
    case "t", "T", "TiB": 1 << 40
    default: nil
    }
  }
}
