import CVMCore

extension GlobalOptions {
  /// What a verb did: a line a guest as virsh prints it, or the guests as they are now.
  func show(acted guests: [GuestOverview], _ past: String) throws {
    let output = try settings().output
    switch output {
    case .json, .yaml, .name:
      try Terminal.out(try output.text(of: guests.count == 1 ? .one(guests[0]) : .list(guests)))
    case .table, .wide:
      guard !quiet else { return }
      for guest in guests { try Terminal.out("Guest '\(TerminalSafe.escape(guest.name))' \(past)\n") }
    }
  }
}
