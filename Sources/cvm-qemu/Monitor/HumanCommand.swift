/// The human monitor's commands that concern an SEV guest.
enum HumanCommand: Equatable {
  case informSEV
  case proceed
  case migrate
  case readMemory
  case other

  /// A command's name ends at a blank or, as in `x/8wx 0`, at a slash.
  init(_ line: String) {
    let words = line.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.map { String(Substring($0)) }
    let name = words.first.flatMap { $0.split(separator: "/", omittingEmptySubsequences: false).first }
    switch name {
    case "info": self = words.dropFirst().first == "sev" ? .informSEV : .other
    case "c", "cont": self = .proceed
    case "migrate", "migrate_incoming", "savevm", "loadvm": self = .migrate
    case "x", "xp", "memsave", "pmemsave", "dump-guest-memory", "sum", "gdbserver": self = .readMemory
    default: self = .other
    }
  }
}
