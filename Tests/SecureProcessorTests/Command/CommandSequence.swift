import CVMCrypto
import SEV
import SecureProcessor
import Testing

/// A row of a status table: commands one after another, each with the status that the firmware's list of
/// checks gives.
struct CommandSequence: CustomTestStringConvertible, Sendable {
  let name: String
  let steps: [Step]
  var model = ProcessorModel()

  init(_ name: String, _ steps: [Step], model: ProcessorModel = ProcessorModel()) {
    self.name = name
    self.steps = steps
    self.model = model
  }

  var testDescription: String { name }
}

struct Step: Sendable {
  enum Act: Sendable {
    case command(@Sendable (World) throws -> Command)
    /// WBINVD on every core.
    case writeBack
  }
  let act: Act
  /// Nil: success.
  let status: FirmwareStatus?

  static func ok(_ command: Command) -> Step { Step(act: .command { _ in command }, status: nil) }

  static func fails(_ command: Command, _ status: FirmwareStatus) -> Step {
    Step(act: .command { _ in command }, status: status)
  }

  /// A command that depends on what came before.
  static func ok(_ command: @escaping @Sendable (World) throws -> Command) -> Step {
    Step(act: .command(command), status: nil)
  }

  static func fails(
    _ status: FirmwareStatus, _ command: @escaping @Sendable (World) throws -> Command
  ) -> Step {
    Step(act: .command(command), status: status)
  }

  static let writeBack = Step(act: .writeBack, status: nil)
}

/// Where a sequence happens.
struct World {
  var processor: SecureProcessor
  let memory = Simulation.memory()
  let entropy = CountingEntropy()
  let owner: Owner
  /// The last measurement.
  var measurement: [UInt8] = []

  /// The owner's session for this platform as it is now.
  func session(_ policy: UInt32) throws -> LaunchSession {
    try owner.session(for: processor, policy: SEVPolicy(rawValue: policy))
  }

  /// A packet that opens for the last measurement.
  func secret(
    _ handle: GuestHandle = 1, at address: UInt64 = 0x8000, count: Int = 64
  ) throws -> LaunchSecret {
    let packet = try SecretPacket.seal(
      SecretBytes(copying: Simulation.bytes(count)), keys: owner.keys,
      measurement: measurement.isEmpty ? Simulation.bytes(32) : Array(measurement.prefix(32)),
      iv: Random.bytes(16))
    return LaunchSecret(
      handle: handle, header: packet.header, guestAddress: address, transport: packet.ciphertext)
  }

  /// Runs one step; the status, or nil after success.
  mutating func run(_ step: Step) throws -> FirmwareStatus? {
    switch step.act {
    case .writeBack:
      processor.writeBackCaches()
      return nil
    case .command(let make):
      do {
        let reply = try processor.execute(make(self), memory: memory, entropy: entropy)
        if case .bytes(let bytes) = reply, bytes.count == LaunchMeasurement.size { measurement = bytes }
        return nil
      } catch let failure as CommandFailure {
        return failure.status
      }
    }
  }
}

/// Prefixes of sequences.
enum Prefix {
  static let es = Command.initialize(InitRequest(es: true))
  static let plain = Command.initialize(InitRequest(es: false))

  /// INIT with ES, all ASIDs clean.
  static let on: [Step] = [.ok(es), .writeBack, .ok(.dataFabricFlush)]

  static func start(
    _ policy: UInt32, session: LaunchSession? = nil, shares: GuestHandle? = nil
  ) -> Command {
    .launchStart(
      LaunchStart(policy: SEVPolicy(rawValue: policy), session: session, sharesKeyWith: shares))
  }

  /// Guest 1 in LUPDATE and active, without a session.
  static func launching(_ policy: UInt32 = 1, asid: UInt32 = 257) -> [Step] {
    on + [.ok(start(policy)), .ok(.activate(1, asid: asid))]
  }

  /// Guest 1 in LSECRET with the owner's session.
  static let measured: [Step] =
    on + [
      .ok { start(3, session: try $0.session(3)) }, .ok(.activate(1, asid: 257)), update, measure,
    ]

  static let running: [Step] = measured + [.ok(.launchFinish(1))]

  static let update = Step.ok(.launchUpdateData(1, address: 0x1000, count: 4096))
  static let measure = Step.ok(.launchMeasure(1, length: 48))
}
