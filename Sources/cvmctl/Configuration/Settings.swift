import CVMCore
import CVMCrypto
import Documents
import Glibc
import LibvirtBackend
import SimulatedBackend
import Synchronization

/// One setting in force and where it came from.
struct Setting: Equatable, Sendable {
  let key: String
  let value: String
  /// `--connect`, `CVMCTL_DEFAULT_URI`, a file's path, or `default`.
  let origin: String
}

/// The settings in force: command line, then environment, then the user's file, then the system's, then the default.
struct Settings: Sendable {
  let all: [Setting]
  let output: OutputFormat
  let timeout: Int
  let readOnly: Bool

  static func resolve(_ options: GlobalOptions) throws -> Settings {
    let files = try ConfigurationFile.loadAll()
    func setting(
      _ key: String, option: (name: String, value: String?), variables: [String] = [], last: String? = nil,
      otherwise: @autoclosure () throws -> String
    ) throws -> Setting {
      if let value = option.value { return Setting(key: key, value: value, origin: option.name) }
      for name in variables {
        if let value = Environment[name] { return Setting(key: key, value: value, origin: name) }
      }
      for file in files {
        if let value = file.values[key] { return Setting(key: key, value: value, origin: file.path) }
      }
      if let last, let value = Environment[last] { return Setting(key: key, value: value, origin: last) }
      return Setting(key: key, value: try otherwise(), origin: "default")
    }
    let output = try setting(
      "output", option: ("--output", options.output?.rawValue), variables: ["CVMCTL_OUTPUT"],
      otherwise: "table")
    guard let format = OutputFormat(rawValue: output.value) else {
      throw UsageError("\(output.origin): '\(output.value)' is not table, wide, json, yaml or name")
    }
    let timeout = try setting("timeout", option: ("--timeout", options.timeout), otherwise: "30")
    guard let seconds = Int(timeout.value), (1...86400).contains(seconds) else {
      throw UsageError("\(timeout.origin): '\(timeout.value)' is not a number of seconds between 1 and 86400")
    }
    let simulated = try setting("simulated", option: ("", nil), otherwise: "refuse")
    guard ["allow", "refuse"].contains(simulated.value) else {
      throw UsageError("\(simulated.origin): simulated is 'allow' or 'refuse', not '\(simulated.value)'")
    }
    let tokenFile = try setting(
      "token-file", option: ("", nil), variables: ["CVMCTL_TOKEN_FILE"], otherwise: "")
    return Settings(
      all: [
        try setting(
          "connect", option: ("--connect", options.connect), variables: ["CVMCTL_DEFAULT_URI"],
          last: "LIBVIRT_DEFAULT_URI", otherwise: Self.defaultHost),
        try setting(
          "tenant", option: ("--tenant", options.tenant), variables: ["CVMCTL_TENANT"], otherwise: "default"),
        output,
        try setting(
          "state-dir", option: ("--state-dir", options.stateDir), variables: ["CVMCTL_STATE_DIR"],
          otherwise: try defaultStateDirectory()),
        timeout,
        try setting(
          "log-level", option: ("--log-level", options.debug ? "debug" : options.logLevel?.rawValue),
          otherwise: "warning"),
        simulated,
      ] + (tokenFile.value.isEmpty ? [] : [tokenFile]), output: format, timeout: seconds,
      readOnly: options.readonly)
  }

  subscript(_ key: String) -> String { all.first { $0.key == key }?.value ?? "" }

  /// The configuration accepts what is simulated.
  var allowsSimulated: Bool { self["simulated"] == "allow" }

  /// The host is computed here rather than asked.
  var namesSimulatedHost: Bool { self["connect"].hasPrefix("sim:") }

  /// The tenant that was named by option, environment or file.
  var namedTenant: String? { all.first { $0.key == "tenant" && $0.origin != "default" }?.value }

  /// Where the caller's credential is.
  var tokenFile: String? { all.first { $0.key == "token-file" }?.value }

  /// A tenant's credential, with which its holder acts for that tenant alone; nil for the operator.
  var credential: SecretBytes? {
    get throws { try tokenFile.map(Self.credential) }
  }

  /// Read once: a pipe has it but once, and several workers have a core each.
  private static let credentials = Mutex<[String: SecretBytes]>([:])

  private static func credential(_ path: String) throws -> SecretBytes {
    try credentials.withLock { known in
      if let credential = known[path] { return credential }
      let credential = try Credential.read(path)
      known[path] = credential
      return credential
    }
  }

  /// The core for these settings. `uri` overrides the host.
  func core(uri: String? = nil) throws -> Core {
    let uri = Self.canonical(uri ?? self["connect"])
    let simulatedHosts = self["state-dir"] + "/sim"
    return try Core(
      tenant: namedTenant, credential: try credential, uri: uri, stateDirectory: self["state-dir"],
      timeout: timeout,
      readOnly: readOnly,
      allowsSimulated: allowsSimulated
    ) { [timeout, readOnly] () throws(BackendError) in
      if let name = try HostName(uri: uri) {
        return try SimulatedBackend(
          uri: "sim:///\(name)", directory: "\(simulatedHosts)/\(name)", timeout: timeout)
      }
      return try LibvirtBackend(uri: uri, readOnly: readOnly, timeout: timeout, limits: .allCalls)
    }
  }

  /// As virsh's: the system's libvirt for root, else the user's.
  static var defaultHost: String { geteuid() == 0 ? "qemu:///system" : "qemu:///session" }

  /// `sim:///` is `sim:///default`: one host has one name in the store.
  static func canonical(_ uri: String) -> String { uri == "sim:///" ? "sim:///default" : uri }

  private static func defaultStateDirectory() throws -> String {
    if geteuid() == 0 { return "/var/lib/cvmctl" }
    if let state = Environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/cvmctl" }
    guard let home = Environment["HOME"], home.hasPrefix("/") else {
      throw UsageError("HOME is not set", hint: "name the state directory with --state-dir")
    }
    return home + "/.local/state/cvmctl"
  }
}

extension HostName {
  /// The host of a `sim:///[HOST]` URI; nil for any other scheme.
  fileprivate init?(uri: String) throws(BackendError) {
    guard uri.hasPrefix("sim:") else { return nil }
    guard uri.hasPrefix("sim:///") else {
      throw .unreachable(uri: uri, reason: "a simulated host is sim:///[HOST]")
    }
    let name = uri.dropFirst("sim:///".count)
    guard let host = name.isEmpty ? .standard : HostName(String(name)) else {
      throw .unreachable(uri: uri, reason: "a host's name is 1 to 63 lower-case letters, digits and hyphens")
    }
    self = host
  }
}
