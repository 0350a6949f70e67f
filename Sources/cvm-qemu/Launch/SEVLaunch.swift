import CVMCrypto
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
    let path = platform.directory.path
    do {
      return try transact(platform)
    } catch let refusal as LaunchRefusal {
      throw refusal
    } catch let error as PlatformError {
      throw .platform(directory: path, reason: error.summary)
    } catch {
      throw .platform(directory: path, reason: "failed")
    }
  }

  private func transact(_ platform: SimulatedPlatform) throws -> SimulatedGuest {
    let entropy = SystemEntropy()
    var transaction = try platform.directory.begin()
    try check(transaction.processor)
    let handle = try start(&transaction.processor, entropy)
    try update(&transaction.processor, handle)
    let measurement: LaunchMeasurement
    do { measurement = try transaction.processor.launchMeasure(handle, entropy: entropy) } catch {
      throw LaunchRefusal.command(.measure, error.status)
    }
    guard let ownership = try transaction.own(handle) else {
      throw LaunchRefusal.command(.measure, .invalidGuest)
    }
    let status = transaction.processor.platformStatus()
    try transaction.commit()
    return SimulatedGuest(
      platform: platform, ownership: ownership, plan: plan, status: status, measurement: measurement,
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

  private func update(_ processor: inout SecureProcessor, _ handle: GuestHandle) throws {
    let firmware = input.firmware.bytes
    let end: UInt64 = 1 << 32
    try load(firmware, at: end - UInt64(firmware.count), .updateData, &processor, handle)
    if let hashes = input.hashes {
      try load(try hashes.measured(), at: UInt64(hashes.area.base), .updateData, &processor, handle)
    }
    if plan.object.policy.es { try updateVMSAs(&processor, handle) }
  }

  /// Where KVM's pages with the vCPUs' save areas lie: no address of the guest's.
  private static let saveAreas: UInt64 = 1 << 47

  private func updateVMSAs(_ processor: inout SecureProcessor, _ handle: GuestHandle) throws {
    guard let reset = input.firmware.resetAddress else { throw LaunchRefusal.zeroResetAddress }
    guard let signature = plan.processors.signature else {
      throw LaunchRefusal.unknownProcessor(plan.processors.model)
    }
    for vcpu in 0..<plan.processors.count {
      let page = VMSA.page(vcpu: vcpu, resetAddress: reset, signature: signature, generation: generation)
      let address = Self.saveAreas + UInt64(vcpu) * UInt64(VMSA.size)
      try load(page, at: address, .updateVMSA, &processor, handle)
    }
  }

  private func load(
    _ bytes: [UInt8], at address: UInt64, _ command: LaunchCommand, _ processor: inout SecureProcessor,
    _ handle: GuestHandle
  ) throws {
    do {
      try memory.write(bytes, at: address)
      if command == .updateVMSA {
        try processor.launchUpdateVMSA(handle, address: address, count: bytes.count, memory: memory)
      } else {
        try processor.launchUpdateData(handle, address: address, count: bytes.count, memory: memory)
      }
    } catch let failure as CommandFailure {
      throw LaunchRefusal.command(command, failure.status)
    }
  }

  /// The guest's own copy of the table, before QEMU has started.
  private static func writeHashes(
    _ hashes: HashesInput, _ plan: GuestPlan, _ configuration: Configuration, _ ram: GuestRAM
  ) throws(LaunchRefusal) {
    do {
      guard let version = try EmulatorVersion.ask(configuration.emulator) else {
        throw LaunchRefusal.unknownEmulator(configuration.emulator)
      }
      let lowMemory = plan.memory.lowMemory(plan.machine)
      let table = try hashes.forGuest(emulator: version, lowMemory: lowMemory)
      try ram.write(table, at: UInt64(hashes.area.base))
    } catch let refusal as LaunchRefusal {
      throw refusal
    } catch is GuestAddressError {
      throw .hashesNotMapped
    } catch let error as SystemError {
      throw .memory(reason: error.summary)
    } catch let error as CryptoError {
      throw .memory(reason: error.summary)
    } catch {
      throw .memory(reason: "failed")
    }
  }
}
