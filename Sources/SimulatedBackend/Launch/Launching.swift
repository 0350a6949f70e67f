import CVMCore
import SEV
import SecureProcessor

/// What QEMU does between the start of a SEV guest and its first instruction.
enum Launching {
  /// LAUNCH_START, in the transaction. Leaves a guest in it only where it returns.
  static func start(
    _ plan: LaunchPlan, _ transaction: inout PlatformTransaction
  ) throws(BackendError) -> GuestLaunch {
    let handle = try start(plan, &transaction.processor, SystemEntropy())
    do throws(PlatformError) {
      guard let launch = try transaction.detach(handle) else { throw .launchIncomplete(handle: handle) }
      return launch
    } catch {
      transaction.processor.abandon(handle)
      throw BackendError(error)
    }
  }

  /// The rest up to LAUNCH_MEASURE, and the guest's context stored.
  static func run(
    _ plan: LaunchPlan, on platform: SimulatedPlatform, _ launch: inout GuestLaunch
  ) throws(BackendError) -> LaunchRow {
    let memory = try platform.memory(
      of: launch.contextID, handle: launch.handle, size: plan.memorySize, isNew: true)
    try load(plan.pieces, launch.handle, &launch.processor, memory)
    let measurement = try measure(launch.handle, &launch.processor, SystemEntropy())
    do { try launch.store() } catch { throw BackendError(error) }
    return row(plan, launch.handle, launch.contextID, measurement, launch.processor.model)
  }

  private static func start(
    _ plan: LaunchPlan, _ processor: inout SecureProcessor, _ entropy: any Entropy
  ) throws(BackendError) -> GuestHandle {
    do { return try processor.launch(plan.request, entropy: entropy) } catch {
      switch error {
      case .refused(let command, let failure): throw .refused(command, failure)
      case .noFreeASID: throw .launch("sev_kvm_init: failed to initialize ret=-16 fw_error=0 ''")
      }
    }
  }

  private static func load(
    _ pieces: [LaunchPlan.Piece], _ handle: GuestHandle, _ processor: inout SecureProcessor,
    _ memory: FileMemory
  ) throws(BackendError) {
    // Plaintext never reaches the file: it waits in this process until the AMD-SP has encrypted it.
    let staged = StagedMemory(over: memory)
    let layout = PhysicalLayout(handle: handle)
    for piece in pieces {
      let count = piece.bytes.count
      guard let address = layout.physical(piece.range.address) else {
        throw .unsupported(reason: "a simulated guest has less than 1 TiB of memory")
      }
      staged.stage(piece.bytes, at: address)
      switch piece.range.kind {
      case .vmsa:
        try refusing(.launchUpdateVMSA) { () throws(CommandFailure) in
          try processor.launchUpdateVMSA(handle, address: address, count: count, memory: staged)
        }
      case .firmware, .kernelHashes, .secret:
        try refusing(.launchUpdateData) { () throws(CommandFailure) in
          try processor.launchUpdateData(handle, address: address, count: count, memory: staged)
        }
      }
    }
  }

  private static func measure(
    _ handle: GuestHandle, _ processor: inout SecureProcessor, _ entropy: any Entropy
  ) throws(BackendError) -> LaunchMeasurement {
    try refusing(.launchMeasure) { () throws(CommandFailure) in
      try processor.launchMeasure(handle, entropy: entropy)
    }
  }

  private static func row(
    _ plan: LaunchPlan, _ handle: GuestHandle, _ contextID: [UInt8], _ measurement: LaunchMeasurement,
    _ model: ProcessorModel
  ) -> LaunchRow {
    LaunchRow(
      handle: handle, contextID: contextID, policy: plan.request.policy,
      measurement: measurement.serialized(), apiMajor: model.apiMajor, apiMinor: model.apiMinor,
      build: model.build, memorySize: plan.memorySize, secretArea: plan.secretArea)
  }

  private static func refusing<R>(
    _ command: CommandID, _ body: () throws(CommandFailure) -> R
  ) throws(BackendError) -> R {
    do { return try body() } catch { throw .refused(command, error) }
  }
}
