import ArgumentParser
import CVMCore

struct UndefineCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "undefine", "Remove a guest's definition. Its launch records stay.")

  @OptionGroup var guests: GuestArguments
  @Flag(help: "Remove its NVRAM file too.") var nvram = false
  @Flag(help: "Keep its NVRAM file.") var keepNvram = false
  @Flag(help: "Remove a managed save image too.") var managedSave = false
  @Flag(help: "Remove the metadata of its snapshots too.") var snapshotsMetadata = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if nvram && keepNvram { throw ValidationError("--nvram and --keep-nvram exclude each other") }
  }

  func run() throws {
    let options = UndefineOptions(
      removeNVRAM: nvram, keepNVRAM: keepNvram, managedSave: managedSave, snapshotsMetadata: snapshotsMetadata
    )
    let done = try guests.act(global, on: { !$0.isActive }) { core, name in
      try core.undefine(name, options)
    }
    try global.show(acted: done, "undefined")
  }
}
