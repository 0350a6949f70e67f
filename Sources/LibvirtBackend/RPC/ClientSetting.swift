internal import Glibc

/// What of the process and its user decides how libvirt's client finds a daemon.
struct ClientSetting: Equatable, Sendable {
  /// A root process has no session daemon.
  var isRoot: Bool
  /// The user's directory for sockets; nil where only libvirt.so knows.
  var runtimeDirectory: String?
  /// Nothing tells libvirt's client to do anything else than usual.
  var isUsual: Bool

  /// A file's content, as far as it matters here.
  enum Content: Equatable, Sendable {
    case none
    case unreadable
    case bytes([UInt8])
  }

  init(isRoot: Bool, variable: (String) -> String?, content: (String) -> Content) {
    self.isRoot = isRoot
    let absolute = { (path: String) in path.hasPrefix("/") ? path : nil }
    runtimeDirectory = variable("XDG_RUNTIME_DIR").flatMap(absolute)
    let configuration =
      isRoot
      ? "/etc"
      : variable("XDG_CONFIG_HOME").flatMap(absolute)
        ?? variable("HOME").flatMap(absolute).map { $0 + "/.config" }
    isUsual =
      Self.influences.allSatisfy { variable($0) == nil }
      && configuration.map { Self.setsNothing(content($0 + "/libvirt/libvirt.conf")) } ?? false
  }

  static var ofProcess: ClientSetting {
    ClientSetting(
      isRoot: geteuid() == 0,
      variable: { name in
        unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
      },
      content: read)
  }

  /// Variables that ask libvirt.so for its log, or move its parts.
  private static let influences = [
    "LIBVIRT_DEBUG", "LIBVIRT_LOG_FILTERS", "LIBVIRT_LOG_OUTPUTS", "LIBVIRT_DIR_OVERRIDE",
    "LIBVIRT_AUTH_FILE",
  ]

  /// Comments and empty lines only: aliases, another default mode and the like are libvirt.so's to
  /// understand.
  static func setsNothing(_ content: Content) -> Bool {
    switch content {
    case .none: true
    case .unreadable: false
    case .bytes(let bytes):
      bytes.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
        let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return first == nil || first == UInt8(ascii: "#")
      }
    }
  }

  /// A file with more than this many bytes counts as unreadable.
  private static let contentLimit = 64 << 10

  static func read(_ path: String) -> Content {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return errno == ENOENT || errno == ENOTDIR ? .none : .unreadable }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: contentLimit + 1)
    var filled = 0
    while filled < bytes.count {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      if count == 0 { return .bytes(Array(bytes.prefix(filled))) }
      if count < 0 { return .unreadable }
      filled += count
    }
    return .unreadable
  }
}
