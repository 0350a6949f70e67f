/// What cvmctl makes of a libvirt URI before libvirt sees it:
/// `driver[+transport]://[user@][host]/path[?name=value&…]`.
struct ConnectionURI: Equatable, Sendable {
  /// As the user gave it; empty for libvirt's own default.
  let text: String

  init(_ text: String) { self.text = text }

  /// `ssh`, `tls`, `tcp`, …, lower case; nil where the URI names none.
  var transport: String? {
    guard let scheme, let plus = scheme.firstIndex(of: "+") else { return nil }
    return String(scheme[scheme.index(after: plus)...]).lowercased()
  }

  /// Another machine may be at the other end.
  var isRemote: Bool {
    guard let scheme else { return !text.isEmpty }  // an alias from libvirt.conf: who knows
    if let transport, transport != "unix" { return true }
    let host = text.dropFirst(scheme.count + "://".count).prefix { $0 != "/" && $0 != "?" }
    return !host.isEmpty
  }

  /// True where definitions, sessions and secrets would travel in clear text.
  var isUnencrypted: Bool { transport == "tcp" }

  /// The URI for libvirt: ssh never asks for a password on the terminal.
  var forLibvirt: String {
    guard transport == "ssh", !parameterNames.contains("no_tty") else { return text }
    let end = text.firstIndex(of: "#") ?? text.endIndex
    let separator = text[..<end].contains("?") ? "&" : "?"
    return text[..<end] + separator + "no_tty=1" + text[end...]
  }

  private var scheme: Substring? {
    guard let end = text.firstRange(of: "://")?.lowerBound else { return nil }
    return text[..<end]
  }

  private var parameterNames: [Substring] {
    guard let start = text.firstIndex(of: "?") else { return [] }
    let query = text[text.index(after: start)...].prefix { $0 != "#" }
    return query.split { $0 == "&" || $0 == ";" }.map { $0.prefix { $0 != "=" } }
  }
}
