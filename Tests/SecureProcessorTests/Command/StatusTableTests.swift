import Testing

@testable import SecureProcessor

@Suite("Status tables") struct StatusTableTests {
  static let sequences = PlatformSequences.all + GuestSequences.all + SecretSequences.all

  @Test(arguments: sequences) func `commands answer with the firmware's status`(_ sequence: CommandSequence)
    throws
  {
    var world = World(processor: try Simulation.processor(sequence.model), owner: try Owner())
    for (number, step) in sequence.steps.enumerated() {
      let before = world.processor
      let status = try world.run(step)
      #expect(status == step.status, "step \(number)")
      if status != nil { #expect(world.processor.resembles(before), "step \(number) changed the state") }
    }
  }

  @Test func `every command stands in a table`() {
    #expect(Self.sequences.count >= 60)
    #expect(Set(CommandID.allCases.map(\.amdName)).count == CommandID.allCases.count)
  }
}

extension SecureProcessor {
  /// Whether both are the same but for running digests.
  fileprivate func resembles(_ other: SecureProcessor) -> Bool {
    PlatformRecord.envelope(self).open == PlatformRecord.envelope(other).open
      && guests.keys == other.guests.keys
      && guests.allSatisfy { handle, slot in
        guard let mine = slot.context, let theirs = other.guests[handle]?.context else { return false }
        return mine.state == theirs.state && mine.measurement == theirs.measurement
          && (mine.transportKeys == nil) == (theirs.transportKeys == nil)
      }
  }
}
