/// libvirt's way to put a version into one number: major × 1,000,000 + minor × 1,000 + micro.
enum VersionNumber {
  /// `9.0.0`; nil for 0, which is libvirt's "none".
  static func text(_ number: UInt) -> String? {
    guard number > 0 else { return nil }
    return "\(number / 1_000_000).\(number / 1_000 % 1_000).\(number % 1_000)"
  }
}
