/// The arguments of a command, where they are names that the local state knows. Files are left to the shell.
enum ArgumentValues {
  static func of(_ place: CommandPlace, _ names: LocalNames) -> [Candidate] {
    switch place.path {
    case ["start"], ["shutdown"], ["reboot"], ["reset"], ["destroy"], ["suspend"], ["resume"], ["undefine"]:
      names.guests.filter { !place.arguments.contains($0.value) }
    case _ where !place.arguments.isEmpty: []
    case ["domstate"], ["dominfo"], ["domid"], ["domuuid"], ["dumpxml"], ["domlaunchsecinfo"],
      ["domsetlaunchsecstate"], ["launch", "show"], ["launch", "history"], ["launch", "verify"],
      ["secret", "inject"], ["sim", "memory"]:
      names.guests
    case ["policy", "show"], ["policy", "explain"]: names.policies
    case ["policy", "edit"], ["policy", "delete"]: names.ownPolicies
    case ["policy", "check"]: names.policies + names.guests
    case ["key", "show"], ["key", "rotate"], ["key", "revoke"], ["key", "destroy"], ["key", "export"],
      ["key", "policy"], ["key", "wrap"], ["key", "unwrap"], ["key", "suspend"], ["key", "resume"]:
      names.keys
    case ["tenant", "show"], ["tenant", "label"], ["tenant", "suspend"], ["tenant", "resume"],
      ["tenant", "delete"], ["tenant", "destroy"], ["tenant", "token", "create"],
      ["tenant", "token", "list"]:
      names.tenants
    case ["sim", "host", "show"], ["sim", "host", "delete"]: names.hosts
    case ["measure", "record", "show"], ["measure", "record", "export"], ["measure", "record", "delete"]:
      names.references
    case ["completion"]: [Candidate(value: "bash")]
    default: []
    }
  }
}
