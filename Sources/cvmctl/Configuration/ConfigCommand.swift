import ArgumentParser

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "The settings in force.", subcommands: [ConfigShowCommand.self])
}

struct ConfigShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show the settings in force.")

  @Flag(help: "Say where each value came from.") var origin = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let settings = try global.settings()
    let views = settings.all.map(SettingView.init)
    // `--origin` is a column of the wide table; data formats always carry it.
    let output = origin && settings.output == .table ? .wide : settings.output
    try Terminal.out(try output.text(of: .list(views)))
  }
}

struct SettingView: Renderable {
  let key: String
  let value: String
  let origin: String
  let simulated = false

  init(_ setting: Setting) {
    key = setting.key
    value = setting.value
    origin = setting.origin
  }

  static let columns: [Column<SettingView>] = [
    Column("KEY") { $0.key },
    Column("VALUE") { $0.value },
    Column("ORIGIN", wide: true) { $0.origin },
  ]
}
