import SEV
import SecureProcessor

/// A launch as QEMU and KVM do it, on the simulated AMD-SP: LAUNCH_START with ACTIVATE, LAUNCH_UPDATE_DATA of the
/// firmware and of the kernel hashes, LAUNCH_UPDATE_VMSA of each vCPU of an SEV-ES guest, LAUNCH_MEASURE. All of it is
/// one transaction: a launch that fails leaves no guest behind.
///
/// The AMD-SP works on memory of its own, where it leaves ciphertext as on hardware. QEMU's guest runs from plaintext:
/// its firmware is QEMU's own copy, and only what it must find in RAM is written there.
struct SEVLaunch {
  private let plan: GuestPlan
  private let input: LaunchInput
  private let generation: VMSAGeneration
  private let ram: GuestRAM
  private let memory = BufferedMemory(size: 1 << 52)

  init(_ plan: GuestPlan, _ configuration: Configuration, ram: GuestRAM) throws(LaunchRefusal) {
    self.plan = plan
    self.ram = ram
    generation = plan.object.generation ?? configuration.generation
    input = try LaunchInput(plan)
    if let hashes = input.hashes { try Self.writeHashes(hashes, plan, configuration, ram) }
  }

  func run(on platform: SimulatedPlatform) throws(LaunchRefusal) -> SimulatedGuest {
    let entropy = SystemEntropy()
    var transaction = try platform.begin()
    try check(transaction.processor)
    let handle = try start(&transaction.processor, entropy)
    try update(&transaction.processor, handle)
    let measurement = try measure(&transaction.processor, handle, entropy)
    let version = transaction.processor.platformStatus()
    let ownership: GuestOwnership?
    do {
      ownership = try transaction.own(handle)
      try transaction.commit()
    } catch {
      throw platform.refusal(error)
    }
    guard let ownership else { throw .command(.measure, .invalidGuest) }
    return SimulatedGuest(
      platform: platform, ownership: ownership, plan: plan, version: version, measurement: measurement,
      firmware: input.firmware, memory: memory, ram: ram)
  }

  /// QEMU's checks of the host, in its order (sev_kvm_init).
  private func check(_ processor: SecureProcessor) throws(LaunchRefusal) {
    let object = plan.object
    guard object.cBitPosition == processor.model.cbitPosition else {
      throw .cBitPosition(host: processor.model.cbitPosition, requested: object.cBitPosition)
    }
    guard 1...63 ~= object.reducedPhysBits else { throw .reducedPhysBits(object.reducedPhysBits) }
    guard !object.policy.es || processor.platform.isES else { throw .esUnavailable }
  }

  private func start(
    _ processor: inout SecureProcessor, _ entropy: any Entropy
  ) throws(LaunchRefusal) -> GuestHandle {
    do {
      return try processor.launch(
        LaunchStart(policy: plan.object.policy, session: input.session), entropy: entropy)
    } catch {
      switch error {
      case .refused(_, let failure): throw .command(.start, failure.status)
      case .noFreeASID: throw .noFreeASID
      }
    }
  }

  private func measure(
    _ processor: inout SecureProcessor, _ handle: GuestHandle, _ entropy: any Entropy
  ) throws(LaunchRefusal) -> LaunchMeasurement {
    do { return try processor.launchMeasure(handle, entropy: entropy) } catch {
      throw .command(.measure, error.status)
    }
  }

  private func update(
    _ processor: inout SecureProcessor, _ handle: GuestHandle
  ) throws(LaunchRefusal) {
    let firmware = input.bytes
    let end: UInt64 = 1 << 32
    try load(firmware, at: end - UInt64(firmware.count), .updateData, &processor, handle)
    if let hashes = input.hashes {
      try load(hashes.measured, at: UInt64(hashes.area.base), .updateData, &processor, handle)
    }
    if plan.object.policy.es { try updateVMSAs(&processor, handle) }
  }

  /// Where KVM's pages with the vCPUs' save areas lie: no address of the guest's.
  private static let saveAreas: UInt64 = 1 << 47

  private func updateVMSAs(
    _ processor: inout SecureProcessor, _ handle: GuestHandle
  ) throws(LaunchRefusal) {
    guard let reset = input.firmware.resetAddress else { throw .zeroResetAddress }
    guard let signature = plan.processors.signature else { throw .unknownProcessor(plan.processors.model) }
    for vcpu in 0..<plan.processors.count {
      let page = VMSA.page(vcpu: vcpu, resetAddress: reset, signature: signature, generation: generation)
      let address = Self.saveAreas + UInt64(vcpu) * UInt64(VMSA.size)
      try load(page, at: address, .updateVMSA, &processor, handle)
    }
  }

  private func load(
    _ bytes: [UInt8], at address: UInt64, _ command: LaunchCommand, _ processor: inout SecureProcessor,
    _ handle: GuestHandle
  ) throws(LaunchRefusal) {
    do { try memory.write(bytes, at: address) } catch { throw .command(command, .invalidAddress) }
    do {
      if command == .updateVMSA {
        try processor.launchUpdateVMSA(handle, address: address, count: bytes.count, memory: memory)
      } else {
        try processor.launchUpdateData(handle, address: address, count: bytes.count, memory: memory)
      }
    } catch {
      throw .command(command, error.status)
    }
  }

  /// The guest's own copy of the table, before QEMU has started.
  private static func writeHashes(
    _ hashes: HashesInput, _ plan: GuestPlan, _ configuration: Configuration, _ ram: GuestRAM
  ) throws(LaunchRefusal) {
    let version = try system { () throws(SystemError) in try EmulatorVersion.ask(configuration.emulator) }
    guard let version else { throw .unknownEmulator(configuration.emulator) }
    let table = try hashes.forGuest(emulator: version, lowMemory: plan.memory.lowMemory(plan.machine))
    do { try ram.write(table, at: UInt64(hashes.area.base)) } catch { throw .hashesNotMapped }
  }
}
