import CVMCore
import Vault

/// The values of an option, where they are known.
enum OptionValues {
  /// `option` is the long name; `path` the verb, or noun and subcommands.
  static func of(_ option: String, at path: [String], _ names: LocalNames) -> [Candidate] {
    switch option {
    case "--output": OutputFormat.allCases.map { Candidate(value: $0.rawValue) }
    case "--type": types(path).map { Candidate(value: $0.rawValue) }
    case "--policy": names.policies
    case "--guest": names.guests
    case "--tenant": names.tenants
    case "--connect", "--host": uris + names.hosts.map { Candidate(value: "sim:///" + $0.value) }
    case "--log-level": LogLevel.allCases.map { Candidate(value: $0.rawValue) }
    case "--vmsa-generation": candidates("init", "init2")
    case "--empty-pages": candidates("zero", "normal")
    case "--id-key", "--author-key": names.keys.map { Candidate(value: "key:" + $0.value) }
    case "--output-format": candidates("hex", "base64")
    case "--algorithm": KeyAlgorithm.allCases.map { Candidate(value: $0.rawValue) }
    case "--to": KeyMigrateCommand.kinds.map { Candidate(value: $0.rawValue) }
    case "--reason": KeyRevocation.allCases.map { Candidate(value: $0.rawValue) }
    case "--format": candidates("jsonl", "cef", "syslog")
    case "--view": candidates("host", "guest")
    case "--seal": SealKind.allCases.map { Candidate(value: $0.rawValue) }
    case "--kdf": PassphraseKDF.allCases.map { Candidate(value: $0.rawValue) }
    case "--virttype": candidates("kvm", "qemu")
    default: []
    }
  }

  private static let uris = candidates("qemu:///system", "qemu:///session", "sim:///", "test:///default")

  /// SEV-SNP guests have no launch session.
  private static func types(_ path: [String]) -> [LaunchType] {
    LaunchType.allCases.filter { path.first != "session" || $0 != .sevSNP }
  }

  private static func candidates(_ values: String...) -> [Candidate] { values.map { Candidate(value: $0) } }
}
