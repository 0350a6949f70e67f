import ArgumentParser
import CVMCore
import SEV
import SecureProcessor
import SimulatedBackend

struct SimHostCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "create", "Make a simulated host, reached as sim:///NAME.")

  @Argument(help: "Its name.") var name: String
  @Option(help: ArgumentHelp("ASIDs in all.", valueName: "n")) var asids: String?
  @Option(help: ArgumentHelp("ASIDs for SEV-ES guests.", valueName: "n")) var esAsids: String?
  @Option(help: ArgumentHelp("The firmware's API version.", valueName: "major.minor")) var api: String?
  @Option(help: ArgumentHelp("The firmware's build.", valueName: "n")) var build: String?
  @Flag(help: "A platform that was not set up for SEV-ES.") var noEs = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.requireWritable()
    try global.requireOperator("make simulated hosts")
    var model = ProcessorModel()
    if let asids { model.maxASID = try Number.unsigned(asids, "--asids") }
    if let esAsids {
      let count: UInt32 = try Number.unsigned(esAsids, "--es-asids")
      guard count < .max else { throw UsageError("--es-asids is too large") }
      model.minSEVASID = count + 1
    }
    if let api {
      let parts = api.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw UsageError("--api is MAJOR.MINOR") }
      model.apiMajor = try Number.unsigned(String(parts[0]), "--api")
      model.apiMinor = try Number.unsigned(String(parts[1]), "--api")
    }
    if let build { model.build = try Number.unsigned(build, "--build") }
    model.initializesES = !noEs
    let (name, directory) = (try HostName.parse(self.name), try global.simulatedHosts())
    try SimulatedHost.create(name, model: model, in: directory)
    try global.show(.one(SimulatedHostView(try SimulatedHost(name, in: directory))))
  }
}

struct SimHostListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List the simulated hosts.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.requireOperator("look at simulated hosts")
    let directory = try global.simulatedHosts()
    let hosts = try SimulatedHost.names(in: directory).map { try SimulatedHost($0, in: directory) }
    try global.show(.list(hosts.map(SimulatedHostView.init)))
  }
}

struct SimHostShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show a simulated host.")

  @Argument(help: "Its name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.requireOperator("look at simulated hosts")
    let host = try SimulatedHost(try HostName.parse(name), in: try global.simulatedHosts())
    try global.show(.one(SimulatedHostView(host)))
  }
}

struct SimHostDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("delete", "Delete a simulated host with its guests.")

  @Argument(help: "Its name.") var name: String
  @Flag(help: "Even while guests run on it.") var force = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.requireWritable()
    try global.requireOperator("delete simulated hosts")
    try SimulatedHost.delete(
      try HostName.parse(name), in: try global.simulatedHosts(), force: force || global.yes)
    if !global.quiet { try Terminal.out("Simulated host '\(name)' deleted\n") }
  }
}

extension GlobalOptions {
  func simulatedHosts() throws -> String { try settings()["state-dir"] + "/sim" }

  func requireWritable() throws {
    guard !readonly else { throw CoreError.backend(.permission(reason: "--readonly forbids changes")) }
  }

  /// Throws for the holder of a tenant's credential. Without one there is nothing to look up.
  func requireOperator(_ act: String) throws {
    guard try settings().tokenFile != nil else { return }
    try core().requireOperator(act)
  }
}

/// A simulated host as commands show it.
struct SimulatedHostView: Renderable {
  let name: String
  let uri: String
  let state: String
  let api: String
  let build: Int
  let supportsEs: Bool
  let guests: Int
  let activeGuests: Int
  let maxGuests: Int
  let maxEsGuests: Int
  let simulated = true

  init(_ host: SimulatedHost) {
    name = host.name.rawValue
    uri = "sim:///\(name)"
    state = host.platform.state.description
    api = "\(host.model.apiMajor).\(host.model.apiMinor)"
    build = Int(host.model.build)
    supportsEs = host.model.initializesES
    guests = host.domains
    activeGuests = host.activeDomains
    maxGuests = Int(host.model.maxSEVGuests)
    maxEsGuests = Int(host.model.maxESGuests)
  }

  static let columns: [Column<SimulatedHostView>] = [
    Column("NAME") { $0.name },
    Column("URI") { $0.uri },
    Column("STATE") { $0.state },
    Column("API") { "\($0.api) build \($0.build)" },
    Column("GUESTS") { String($0.guests) },
    Column("MAX SEV") { String($0.maxGuests) },
    Column("MAX ES") { String($0.maxEsGuests) },
    Column("ACTIVE", wide: true) { String($0.activeGuests) },
  ]
}

extension HostName {
  static func parse(_ text: String) throws -> HostName {
    guard let name = HostName(text) else {
      throw UsageError("a simulated host's name is 1 to 63 lower-case letters, digits and hyphens")
    }
    return name
  }
}

extension PlatformStatus.State {
  /// AMD's name.
  fileprivate var description: String {
    switch self {
    case .uninitialized: "UNINIT"
    case .initialized: "INIT"
    case .working: "WORKING"
    }
  }
}
