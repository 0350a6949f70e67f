import SEV

@testable import SecureProcessor

/// A platform directory in a temporary folder, with the tests' common chip.
final class Platform {
  let folder: TemporaryFolder
  var path: String { folder.path + "/platform" }

  init(_ model: ProcessorModel = ProcessorModel()) throws {
    folder = try TemporaryFolder()
    try PlatformDirectory.create(path: path, Simulation.host(model))
  }

  func open(timeout: Int = 10) throws -> PlatformDirectory {
    try PlatformDirectory(path: path, timeout: timeout)
  }

  /// Launches a guest up to its measurement, in one transaction.
  func launch(
    policy: UInt32 = 1, session: LaunchSession? = nil, memory: any GuestMemory = Simulation.memory()
  ) throws -> (handle: GuestHandle, measurement: LaunchMeasurement) {
    var transaction = try open().begin()
    let launched = try Self.launch(&transaction.processor, policy, session, memory)
    try transaction.commit()
    return launched
  }

  static func launch(
    _ processor: inout SecureProcessor, _ policy: UInt32 = 1, _ session: LaunchSession? = nil,
    _ memory: any GuestMemory = Simulation.memory()
  ) throws -> (handle: GuestHandle, measurement: LaunchMeasurement) {
    let entropy = SystemEntropy()
    let request = LaunchStart(policy: SEVPolicy(rawValue: policy), session: session)
    let handle = try processor.launch(request, entropy: entropy)
    try memory.write(Simulation.bytes(4096), at: 0x1000)
    try processor.launchUpdateData(handle, address: 0x1000, count: 4096, memory: memory)
    return (handle, try processor.launchMeasure(handle, entropy: entropy))
  }
}
