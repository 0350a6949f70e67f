import CVMCore

extension GlobalOptions {
  /// What a verb did: a line a guest as virsh prints it, or the guests as they are now.
  func show(acted result: BulkResult<GuestOverview>, _ past: String) throws {
    let output = try settings().output
    try result.show(output) { guests in
      try show(guests, isOne: result.isOne, past, output)
    }
  }

  private func show(
    _ guests: [GuestOverview], isOne: Bool, _ past: String, _ output: OutputFormat
  ) throws {
    switch output {
    case .json, .yaml, .name:
      try Terminal.out(try output.text(of: isOne ? .one(guests[0]) : .list(guests)))
    case .table, .wide:
      guard !quiet else { return }
      for guest in guests { try Terminal.out("Guest '\(TerminalSafe.escape(guest.name))' \(past)\n") }
    }
  }
}
