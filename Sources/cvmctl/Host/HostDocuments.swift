import ArgumentParser
import CVMCore

struct CapabilitiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "capabilities", "Print the host's capabilities, as libvirt describes them.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let xml = try core.capabilities()
    try global.show(document: xml, as: HostDocument(xml: xml, simulated: try core.isSimulated()))
  }
}

struct DomcapabilitiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "domcapabilities", "Print what an emulator can do, as libvirt describes it.")

  @Option(help: ArgumentHelp("The emulator.", valueName: "path")) var emulatorbin: String?
  @Option(help: ArgumentHelp("The architecture.", valueName: "arch")) var arch: String?
  @Option(help: ArgumentHelp("The machine type.", valueName: "machine")) var machine: String?
  @Option(help: ArgumentHelp("kvm or qemu.", valueName: "type")) var virttype: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let xml = try core.domainCapabilities(
      DomainCapabilitiesQuery(emulator: emulatorbin, architecture: arch, machine: machine, virtType: virttype)
    )
    try global.show(document: xml, as: HostDocument(xml: xml, simulated: try core.isSimulated()))
  }
}

/// A document about a host.
struct HostDocument: Encodable {
  let xml: String
  let simulated: Bool
}

struct URICommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("uri", "Print the host's canonical URI.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let uri = try core.canonicalURI()
    try global.show(document: uri + "\n", as: HostWord(value: uri, simulated: try core.isSimulated()))
  }
}

struct HostnameCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("hostname", "Print the host's name.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let name = try core.hostname()
    try global.show(document: name + "\n", as: HostWord(value: name, simulated: try core.isSimulated()))
  }
}

/// One word about a host.
struct HostWord: Encodable {
  let value: String
  let simulated: Bool
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "version", "Print the versions of cvmctl, libvirt and the hypervisor.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    try global.show(.one(VersionView(try core.hostVersion(), simulated: try core.isSimulated())))
  }
}

struct VersionView: Renderable {
  let cvmctl: String
  let library: String?
  let daemon: String?
  let hypervisorType: String
  let hypervisor: String?
  let simulated: Bool

  init(_ version: HostVersion, simulated: Bool) {
    cvmctl = Product.version
    library = version.library
    daemon = version.daemon
    hypervisorType = version.hypervisorType
    hypervisor = version.hypervisor
    self.simulated = simulated
  }

  static let columns: [Column<VersionView>] = [
    Column("cvmctl") { $0.cvmctl },
    Column("Library") { $0.library.map { "libvirt \($0)" } ?? "-" },
    Column("Daemon") { $0.daemon.map { "libvirt \($0)" } ?? "-" },
    Column("Hypervisor") { "\($0.hypervisorType) \($0.hypervisor ?? "")" },
  ]
}
