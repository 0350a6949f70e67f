internal import Glibc

/// A daemon on this machine that can be asked over its socket, without libvirt.so. Source: libvirt,
/// `src/remote/remote_driver.c` and `remote_sockets.c`.
///
/// | URI                              | `virtqemud-sock`, then `libvirt-sock`: the first that exists |
/// |----------------------------------|--------------------------------------------------------------|
/// | `qemu:///system`                 | in `/var/run/libvirt`; read-only with `-ro` at the end       |
/// | `qemu:///session` of root        | the same                                                     |
/// | `qemu:///session` of others      | in `$XDG_RUNTIME_DIR/libvirt`                                |
/// | each of them with `?socket=PATH` | PATH instead                                                 |
///
/// `qemu+unix` is `qemu`. Any other URI is libvirt.so's.
struct DaemonAddress: Equatable, Sendable {
  /// As the user gave it, which is how libvirt's client calls it too.
  let uri: String
  /// What the daemon is asked to open: `qemu:///system`.
  let host: String
  let readOnly: Bool
  let sockets: [String]

  /// Nil for what is libvirt.so's.
  init?(_ address: ConnectionURI, readOnly: Bool, _ setting: ClientSetting) {
    guard setting.isUsual, let parts = Self.parts(address.text) else { return nil }
    uri = address.text
    host = "qemu:///" + parts.name
    self.readOnly = readOnly
    if let socket = parts.socket {
      sockets = [socket]
    } else if parts.name == "session" && !setting.isRoot {
      guard let directory = setting.runtimeDirectory else { return nil }
      sockets = Self.daemons.map { "\(directory)/libvirt/\($0)-sock" }
    } else {
      sockets = Self.daemons.map { "/var/run/libvirt/\($0)-sock" + (readOnly ? "-ro" : "") }
    }
  }

  /// The socket to connect to; nil where there is none (yet: libvirt.so starts a session's daemon).
  func socket() -> String? { sockets.first { unsafe access($0, F_OK) == 0 } }

  /// The daemon of one driver, and the one of all.
  private static let daemons = ["virtqemud", "libvirt"]

  private static func parts(_ text: String) -> (name: String, socket: String?)? {
    for scheme in ["qemu:///", "qemu+unix:///"] where text.hasPrefix(scheme) {
      let rest = text.dropFirst(scheme.count)
      let name = rest.prefix { $0 != "?" }
      guard name == "system" || name == "session" else { return nil }
      let query = rest.dropFirst(name.count)
      if query.isEmpty { return (String(name), nil) }
      let path = query.dropFirst("?socket=".count)
      guard query.hasPrefix("?socket=/"), path.utf8.allSatisfy(isPlain) else { return nil }
      return (String(name), String(path))
    }
    return nil
  }

  /// Stands for itself in a URI, and ends no parameter.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
