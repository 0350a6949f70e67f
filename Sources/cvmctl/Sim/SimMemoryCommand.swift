import ArgumentParser
import CVMCore
import SimulatedBackend

struct SimMemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "memory", "Show what the hypervisor sees of a simulated guest's memory beside what the guest sees.")

  @Argument(help: "A guest, by name or UUID.") var guest: String
  @Option(help: ArgumentHelp("host or guest.", valueName: "view")) var view = "host"
  @Option(
    help: ArgumentHelp("The guest physical address; the mapped ranges without it.", valueName: "address"))
  var address: String?
  @Option(help: ArgumentHelp("How many bytes (default 256).", valueName: "n")) var count = 256
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard ["host", "guest"].contains(view) else { throw ValidationError("--view is host or guest") }
    guard (1...1 << 20).contains(count) else {
      throw ValidationError("--count is a number between 1 and 1048576")
    }
  }

  func run() throws {
    let core = try global.core()
    let summary = try core.summary(guest)
    guard let backend = try core.backend() as? SimulatedBackend else {
      throw CoreError.unsupported("only a simulated host (sim:///) shows a guest's memory")
    }
    guard let address else {
      return try global.show(.list(try backend.memoryRanges(of: summary.uuid).map(MemoryRangeView.init)))
    }
    let start: UInt64 = try Number.unsigned(address, "--address")
    let bytes = try backend.memory(
      of: summary.uuid, view: view == "guest" ? .guest : .host, address: start, count: count)
    try global.show(
      document: HexDump.text(bytes, from: start),
      as: MemoryView(guest: summary.name, view: view, address: start, bytes: bytes))
  }
}
