import ArgumentParser
import CVMCore

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "list", "List guests: the active ones, unless told otherwise.")

  @Flag(help: "Active and inactive guests.") var all = false
  @Flag(help: "Inactive guests only.") var inactive = false
  @Flag(help: "Guests of every tenant.") var allTenants = false
  @Flag(help: "Names only, one a line.") var name = false
  @Flag(help: "UUIDs only, one a line.") var uuid = false
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Guests with this label; several must all match.", valueName: "key=value"))
  var label: [String] = []
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if name && uuid { throw ValidationError("--name and --uuid exclude each other") }
  }

  func run() throws {
    let settings = try global.settings()
    let labels = try LabelOption.parse(label)
    let guests = try settings.core()
      .guests(GuestFilter(active: all || !inactive, inactive: all || inactive), ofEveryTenant: allTenants)
      .filter { guest in labels.allSatisfy { guest.labels[$0.key] == $0.value } }
    if uuid {
      try Terminal.out(guests.map { $0.uuid.rawValue + "\n" }.joined())
    } else {
      try Terminal.out(try (name ? OutputFormat.name : settings.output).text(of: .list(guests)))
    }
  }
}
