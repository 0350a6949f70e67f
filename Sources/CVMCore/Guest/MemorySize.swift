/// Sizes as libvirt and guest files write them.
package enum MemorySize {
  /// 64 TiB: more than any host has, and far from overflow.
  package static let limit: UInt64 = 1 << 46

  /// Bytes in one `unit` of libvirt's memory elements; nil for a word that is no unit.
  package static func scale(_ unit: String) -> UInt64? {
    switch unit {
    case "b", "bytes": 1
    case "KB": 1000
    case "k", "KiB": 1 << 10
    case "MB": 1_000_000
    case "M", "MiB": 1 << 20
    case "GB": 1_000_000_000
    case "G", "GiB": 1 << 30
    case "TB": 1_000_000_000_000
    case "T", "TiB": 1 << 40
    default: nil
    }
  }

  /// Reads `512MiB`, `2 GiB` or a plain number of bytes; nil for anything else or for 0.
  package static func parse(_ text: String) -> UInt64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    let unit = rest.drop { $0 == " " }
    guard let number = UInt64(digits), let scale = scale(rest.isEmpty ? "b" : String(unit)) else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
    return overflow || bytes == 0 || bytes > limit ? nil : bytes
  }
}
