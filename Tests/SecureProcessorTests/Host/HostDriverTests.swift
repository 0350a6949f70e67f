import SEV
import SecureProcessor
import Testing

@Suite("The host's driver") struct HostDriverTests {
  let entropy = CountingEntropy()
  let model = ProcessorModel(maxASID: 4, minSEVASID: 3)  // ASIDs 1, 2 for SEV-ES; 3, 4 for SEV

  @Test func `gives each kind of guest its own ASIDs, and none beyond them`() throws {
    var processor = try Simulation.host(model)
    let sev = LaunchStart(policy: SEVPolicy(rawValue: 1))
    let es = LaunchStart(policy: SEVPolicy(rawValue: 5))
    let handles = try [sev, sev, es, es].map { try processor.launch($0, entropy: entropy) }
    #expect(try handles.map { try processor.guestStatus($0).asid } == [3, 4, 1, 2])
    #expect(throws: HostFailure.noFreeASID) { try processor.launch(sev, entropy: entropy) }
    #expect(throws: HostFailure.noFreeASID) { try processor.launch(es, entropy: entropy) }
    #expect(processor.platformStatus().guestCount == 4)
  }

  @Test func `flushes when only dirty ASIDs are left`() throws {
    var processor = try Simulation.host(model)
    let sev = LaunchStart(policy: SEVPolicy(rawValue: 1))
    for _ in 0..<10 {
      let handle = try processor.launch(sev, entropy: entropy)
      _ = try processor.launchMeasure(handle, entropy: entropy)
      try processor.launchFinish(handle)
      try processor.retire(handle)
    }
    #expect(processor.platformStatus().guestCount == 0)
  }

  @Test func `a refused launch leaves no guest`() throws {
    var processor = try Simulation.host(model)
    #expect(throws: HostFailure.refused(.launchStart, CommandFailure(.invalidLength))) {
      try processor.launch(
        LaunchStart(policy: SEVPolicy(rawValue: 1), session: LaunchSession(certificate: [], blob: [])),
        entropy: entropy)
    }
    #expect(processor.guests.isEmpty)
  }

  @Test func `a model without SEV-ES refuses such guests`() throws {
    var processor = try Simulation.host(ProcessorModel(initializesES: false))
    #expect(!processor.platformStatus().supportsES)
    #expect(throws: HostFailure.refused(.launchStart, CommandFailure(.unsupported))) {
      try processor.launch(LaunchStart(policy: SEVPolicy(rawValue: 5)), entropy: entropy)
    }
  }

  @Test(arguments: [
    ProcessorModel(maxASID: 0), ProcessorModel(minSEVASID: 0), ProcessorModel(minSEVASID: 1282),
    ProcessorModel(cbitPosition: 64), ProcessorModel(reducedPhysicalBits: 0), ProcessorModel(maxASID: 70000),
  ]) func `impossible models are told`(_ model: ProcessorModel) {
    #expect(!model.isPlausible)
    #expect(ProcessorModel().isPlausible)
  }

  @Test func `the numbers that libvirt shows`() {
    #expect(ProcessorModel().maxSEVGuests == 1024)
    #expect(ProcessorModel().maxESGuests == 256)
    #expect(ProcessorModel(initializesES: false).maxESGuests == 0)
  }
}
