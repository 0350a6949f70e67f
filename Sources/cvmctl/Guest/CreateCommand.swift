import ArgumentParser
import CVMCore

struct CreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("create", "Define a guest and start it.")

  @Argument(help: "Domain XML or a YAML guest file, or - for standard input.") var file: String
  @OptionGroup var definition: DefinitionOptions
  @OptionGroup var options: StartOptionGroup
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let guest = try core.define(DefinitionSource(file), try definition.overrides())
    let started = try core.start(
      guest.name, try options.options(), progress: try global.progress()(guest.name))
    try global.show(started: BulkResult(guest.name, started))
  }
}
