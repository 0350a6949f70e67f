import ArgumentParser
import CVMCore

/// Which guests a bulk verb acts on: those named, or all, or those with a label.
struct GuestArguments: ParsableArguments {
  @Argument(help: "Guests, by name, id or UUID.") var guests: [String] = []

  @Flag(help: "Every guest that is in a state for it.") var all = false

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Guests with this label; several must all match.", valueName: "key=value"))
  var label: [String] = []

  @Option(
    help: ArgumentHelp("How many at once (default 1; on sim:/// one a processor).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    guard guests.isEmpty == (all || !label.isEmpty) else {
      throw ValidationError(
        guests.isEmpty
          ? "name a guest, or --all, or --label KEY=VALUE" : "name guests or use --all or --label, not both")
    }
    guard (1...64).contains(jobs ?? 1) else { throw ValidationError("--jobs is a number between 1 and 64") }
  }

  /// Does `act` to every chosen guest. `eligible` says which states `--all` and `--label` reach.
  func act<Result: Sendable>(
    _ global: GlobalOptions, on eligible: (GuestOverview) -> Bool,
    _ act: @escaping @Sendable (Core, String) throws -> Result
  ) throws -> BulkResult<Result> {
    let settings = try global.settings()
    let core = try settings.core()
    let jobs = jobs ?? (settings.namesSimulatedHost ? BulkAct.processors : 1)
    return try BulkAct.run(
      try names(core, eligible: eligible), isOne: guests.count == 1, jobs: jobs, core, act)
  }

  /// The chosen guests' names.
  private func names(_ core: Core, eligible: (GuestOverview) -> Bool) throws -> [String] {
    guard guests.isEmpty else { return guests }
    let labels = try LabelOption.parse(label)
    return try core.guests(GuestFilter()).filter { guest in
      eligible(guest) && labels.allSatisfy { guest.labels[$0.key] == $0.value }
    }.map(\.name)
  }
}
