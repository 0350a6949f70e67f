import CVMCore

extension GlobalOptions {
  /// What a start gave: a line a guest, or the launch records.
  func show(started result: BulkResult<StartedGuest>) throws {
    let output = try settings().output
    try result.show(output) { started in
      try show(started, isOne: result.isOne, output)
    }
  }

  private func show(_ started: [StartedGuest], isOne: Bool, _ output: OutputFormat) throws {
    switch output {
    case .json, .yaml:
      let records = started.compactMap(\.launch)
      if records.count == started.count {
        try Terminal.out(try output.text(of: isOne ? .one(records[0]) : .list(records)))
      } else {
        let guests = started.map(\.guest)
        try Terminal.out(try output.text(of: isOne ? .one(guests[0]) : .list(guests)))
      }
    case .name: try Terminal.out(started.map { TerminalSafe.escape($0.guest.name) + "\n" }.joined())
    case .table, .wide:
      guard !quiet else { return }
      for start in started { try Terminal.out(TerminalSafe.escape(start.line) + "\n") }
    }
  }

  /// A line of progress for each step of a guest's launch, on standard error.
  func progress() throws -> @Sendable (_ guest: String) -> LaunchProgress {
    guard try showsProgress() else { return { _ in { _ in } } }
    return { guest in { event in Terminal.note(TerminalSafe.escape("\(guest): \(event.text)")) } }
  }
}

extension StartedGuest {
  var line: String {
    guard let launch else {
      return "Guest '\(guest.name)' started (not confidential: nothing protects it from the host)"
    }
    let done = launch.outcome == .paused ? "launched and left paused" : "started"
    let proof =
      if !launch.attestable {
        "unattestable"
      } else if launch.verdict == .match {
        "measurement matches, trust: \(launch.trust.rawValue)"
      } else {
        "the owner of the session has to accept the measurement"
      }
    return
      "Guest '\(guest.name)' \(done) (\(launch.type.rawValue), \(proof)\(launch.simulated ? ", simulated" : ""))"
  }
}
