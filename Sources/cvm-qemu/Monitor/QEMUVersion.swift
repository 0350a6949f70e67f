import Documents

/// The real QEMU's version, as its monitor's greeting or `--version` tells it.
struct QEMUVersion: Equatable, Comparable {
  let major: Int
  let minor: Int

  static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, …}, …}}`
  init?(greeting bytes: [UInt8]) {
    let version = JSONObject(parsing: bytes)?.object("QMP")?.object("version")?.object("qemu")
    guard let major: Int = version?["major"]?.integer(), let minor: Int = version?["minor"]?.integer() else {
      return nil
    }
    self.init(major, minor)
  }

  /// `QEMU emulator version 7.2.22 (…)`
  init?(banner: String) {
    let words = banner.split(separator: " ")
    guard let word = words.firstIndex(of: "version"), word + 1 < words.count else { return nil }
    let numbers = words[word + 1].split(separator: ".")
    guard numbers.count >= 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
    self.init(major, minor)
  }

  /// From here on `query-sev` tells the kind of guest.
  static let sevType = QEMUVersion(9, 1)
  /// From here on a firmware can read the kernel as it is in its file.
  static let unpatchedKernel = QEMUVersion(10, 0)
}
