import Bytes
import CVMCrypto
import SEV
import Testing

@testable import SecureProcessor

@Suite("A launch") struct LaunchTests {
  let entropy = CountingEntropy()
  let memory = Simulation.memory()

  /// Stages `pieces` one after another and has them measured.
  private func launch(
    _ processor: inout SecureProcessor, policy: UInt32, session: LaunchSession? = nil, pieces: [[UInt8]]
  ) throws -> (GuestHandle, LaunchMeasurement) {
    let handle = try processor.launch(
      LaunchStart(policy: SEVPolicy(rawValue: policy), session: session), entropy: entropy)
    var address: UInt64 = 0x10000
    for piece in pieces {
      try memory.write(piece, at: address)
      try processor.launchUpdateData(handle, address: address, count: piece.count, memory: memory)
      address += 0x10000
    }
    return (handle, try processor.launchMeasure(handle, entropy: entropy))
  }

  @Test func `the measurement is the owner's, over what was encrypted, in that order`() throws {
    var processor = try Simulation.host()
    let owner = try Owner()
    let policy = SEVPolicy(rawValue: 3)
    let pieces = [Simulation.bytes(8192), Simulation.bytes(176, seed: 9)]
    let (_, measurement) = try launch(
      &processor, policy: 3, session: owner.session(for: processor, policy: policy), pieces: pieces)
    let digest = try SHA256.hash(pieces[0] + pieces[1])
    let expected = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: policy, digest: digest, nonce: measurement.nonce,
      tik: owner.keys.tik)
    #expect(measurement == expected)
    let other = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: policy, digest: SHA256.hash(pieces[1] + pieces[0]),
      nonce: measurement.nonce, tik: owner.keys.tik)
    #expect(measurement != other)
  }

  @Test func `a launch without a session is measured under a key of zeros`() throws {
    var processor = try Simulation.host()
    let (_, measurement) = try launch(&processor, policy: 1, pieces: [Simulation.bytes(4096)])
    let expected = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: SEVPolicy(rawValue: 1),
      digest: SHA256.hash(Simulation.bytes(4096)), nonce: measurement.nonce, tik: SecretBytes(count: 16))
    #expect(measurement == expected)
  }

  @Test func `two launches of one firmware have different nonces and ciphertexts`() throws {
    var processor = try Simulation.host()
    let firmware = Simulation.bytes(4096)
    let (_, first) = try launch(&processor, policy: 1, pieces: [firmware])
    let seen = try memory.read(0x10000, count: 4096)
    let (_, second) = try launch(&processor, policy: 1, pieces: [firmware])
    #expect(first.nonce != second.nonce)
    #expect(try memory.read(0x10000, count: 4096) != seen)
    #expect(seen != firmware)
  }

  @Test func `SEV-ES save areas are measured after the rest`() throws {
    var processor = try Simulation.host()
    let handle = try processor.launch(LaunchStart(policy: SEVPolicy(rawValue: 5)), entropy: entropy)
    try memory.write(Firmware.example, at: 0x10000)
    try processor.launchUpdateData(handle, address: 0x10000, count: 4096, memory: memory)
    for vcpu in 0..<4 {
      let address = UInt64(0x80000 + vcpu * 4096)
      let page = VMSA.page(
        vcpu: vcpu, resetAddress: 0x80B004, signature: CPUSignature(rawValue: 0x00A0_0F11),
        generation: .initial)
      try memory.write(page, at: address)
      try processor.launchUpdateVMSA(handle, address: address, count: 4096, memory: memory)
    }
    _ = try processor.launchMeasure(handle, entropy: entropy)
    let report = try processor.attestation(handle, nonce: Simulation.bytes(16))
    // Worked example of the launch digest: ES, 4 vCPUs EPYC-Milan, first initialisation.
    #expect(
      Hex.encode(report.digest)
        == "ccf5fad73fa3ca0dd778899b8c57e2972c6c2d85818c6d52316e2073540689ed")
  }

  @Test func `a secret comes out in the guest's view only`() throws {
    var world = World(processor: try Simulation.host(), owner: try Owner())
    for step in Prefix.measured.dropFirst(3) { _ = try world.run(step) }
    let secret = try world.secret(at: 0x8010, count: 64)
    try world.processor.launchSecret(secret, memory: world.memory)
    let host = try world.memory.read(0x8010, count: 64)
    let guest = try world.processor.guestRead(1, address: 0x8010, count: 64, memory: world.memory)
    #expect(guest == Simulation.bytes(64))
    #expect(host != guest && host != secret.transport)
  }

  @Test func `LAUNCH_FINISH forgets the keys of the session`() throws {
    var world = World(processor: try Simulation.host(), owner: try Owner())
    for step in Prefix.measured.dropFirst(3) { _ = try world.run(step) }
    #expect(world.processor.guests[1]?.context?.transportKeys == world.owner.keys)
    try world.processor.launchFinish(1)
    #expect(try world.processor.guestStatus(1).state == .running)
    #expect(world.processor.guests[1]?.context?.transportKeys == nil)
    #expect(world.processor.guests[1]?.context?.measurement == nil)
    #expect(throws: CommandFailure(.invalidGuestState)) {
      try world.processor.launchSecret(world.secret(), memory: world.memory)
    }
  }

  @Test func `a guest that shares the key reads the first one's memory: what NOKS is for`() throws {
    var processor = try Simulation.host()
    let (victim, _) = try launch(&processor, policy: 1, pieces: [Simulation.bytes(4096)])
    let thief = try processor.launch(
      LaunchStart(policy: SEVPolicy(rawValue: 1), sharesKeyWith: victim), entropy: entropy)
    let stranger = try processor.launch(LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: entropy)
    let read = { (handle: GuestHandle) in
      try processor.guestRead(handle, address: 0x10000, count: 4096, memory: memory)
    }
    #expect(try read(thief) == Simulation.bytes(4096))
    #expect(try read(stranger) != Simulation.bytes(4096))
  }

  @Test func `handles are the lowest free ones, up to 1024`() throws {
    var processor = try Simulation.host()
    let start = LaunchStart(policy: SEVPolicy(rawValue: 1))
    for handle in SecureProcessor.handles {
      #expect(try processor.launchStart(start, entropy: entropy) == handle)
    }
    #expect(throws: CommandFailure(.resourceLimit)) { try processor.launchStart(start, entropy: entropy) }
    try processor.decommission(7)
    try processor.decommission(3)
    #expect(try processor.launchStart(start, entropy: entropy) == 3)
    #expect(processor.platformStatus().guestCount == 1023)
  }

  @Test func `without randomness nothing starts`() throws {
    var processor = try Simulation.host()
    #expect(throws: CommandFailure(.hardwareErrorPlatform)) {
      try processor.launchStart(LaunchStart(policy: SEVPolicy(rawValue: 1)), entropy: NoEntropy())
    }
    #expect(processor.guests.isEmpty)
  }
}
