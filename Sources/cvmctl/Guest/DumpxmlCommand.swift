import ArgumentParser
import CVMCore

struct DumpxmlCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "dumpxml", "Print a guest's domain XML: what runs, or the definition.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @Flag(help: "The stored definition, also of an active guest.") var inactive = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let (state, xml) = try global.core().domainXML(guest, inactive ? .inactive : .live)
    try global.show(document: xml, as: DomainDocument(name: state.name, xml: xml, simulated: state.simulated))
  }
}
