import Bytes
import SEV
import SecureProcessor

/// The launched guest, as its monitor asks for it. Holds the AMD-SP's claim on it: the guest ends with this process.
final class SimulatedGuest: GuestAnswers {
  private let platform: SimulatedPlatform
  private let ownership: GuestOwnership
  private let plan: GuestPlan
  private let version: PlatformStatus
  private let launchMeasurement: LaunchMeasurement
  private let firmware: FirmwareImage
  /// Ciphertext, the AMD-SP's view.
  private let memory: any GuestMemory
  /// Plaintext, the guest's.
  private let ram: GuestRAM
  private var state = GuestState.launchSecret

  init(
    platform: SimulatedPlatform, ownership: GuestOwnership, plan: GuestPlan, version: PlatformStatus,
    measurement: LaunchMeasurement, firmware: FirmwareImage, memory: any GuestMemory, ram: GuestRAM
  ) {
    self.platform = platform
    self.ownership = ownership
    self.plan = plan
    self.version = version
    launchMeasurement = measurement
    self.firmware = firmware
    self.memory = memory
    self.ram = ram
  }

  var isES: Bool { plan.object.policy.es }

  func capabilities() throws(MonitorRefusal) -> SEVCapabilities { try platform.capabilities() }

  func status() throws(MonitorRefusal) -> SEVStatus {
    SEVStatus(
      apiMajor: version.apiMajor, apiMinor: version.apiMinor, build: version.build,
      policy: plan.object.policy.rawValue, state: state.qmpName, handle: ownership.handle)
  }

  func measurement() throws(MonitorRefusal) -> [UInt8] { launchMeasurement.serialized() }

  func inject(header: [UInt8], secret: [UInt8], at address: UInt64?) throws(MonitorRefusal) {
    guard state == .launchSecret else { throw .notInSecretState(state: state.qemuNumber) }
    guard let address = address ?? firmware.secretArea.map({ UInt64($0.base) }) else { throw .noSecretArea }
    guard !header.isEmpty else { throw .undecodableHeader }
    guard !secret.isEmpty else { throw .undecodableSecret }
    do { _ = try ram.offset(of: address, count: secret.count) } catch { throw .badAddress(error) }
    let request = LaunchSecret(
      handle: ownership.handle, header: header, guestAddress: address, transport: secret)
    let plaintext = try command({ .injection($0) }) { processor throws(CommandFailure) in
      try processor.launchSecret(request, memory: memory)
      return try processor.guestRead(
        ownership.handle, address: address, count: secret.count, memory: memory)
    }
    do { try ram.write(plaintext, at: address) } catch { throw .badAddress(error) }
  }

  func report(nonce: [UInt8]) throws(MonitorRefusal) -> [UInt8] {
    try command({ .report($0) }) { processor throws(CommandFailure) in
      try processor.attestation(ownership.handle, nonce: nonce).serialized()
    }
  }

  func finish() throws(MonitorRefusal) {
    guard state == .launchSecret else { return }
    try command({ .finish($0) }) { processor throws(CommandFailure) in
      try processor.launchFinish(ownership.handle)
    }
    state = .running
  }

  /// DEACTIVATE and DECOMMISSION, at QEMU's end. What a killed proxy leaves, the next launch clears away.
  func retire() {
    try? command({ .query($0) }) { processor throws(CommandFailure) in try processor.retire(ownership.handle)
    }
  }

  /// Runs commands on the AMD-SP in one transaction.
  private func command<R>(
    _ refusal: (FirmwareStatus) -> MonitorRefusal,
    _ body: (inout SecureProcessor) throws(CommandFailure) -> R
  ) throws(MonitorRefusal) -> R {
    var transaction = try begin()
    let isKnown: Bool
    do {
      isKnown = try transaction.guest(ownership.handle, contextID: ownership.contextID) != nil
    } catch {
      throw .platform(reason: error.summary)
    }
    guard isKnown else { throw refusal(.invalidGuest) }
    let result: R
    do { result = try body(&transaction.processor) } catch { throw refusal(error.status) }
    do { try transaction.commit() } catch { throw .platform(reason: error.summary) }
    return result
  }

  private func begin() throws(MonitorRefusal) -> PlatformTransaction {
    do { return try platform.directory.begin() } catch { throw .platform(reason: error.summary) }
  }
}

extension GuestState {
  /// QMP's name. Source: QEMU, qapi/misc-target.json, SevState.
  fileprivate var qmpName: String {
    switch self {
    case .uninitialized, .sent: "uninit"
    case .launchUpdate: "launch-update"
    case .launchSecret: "launch-secret"
    case .running: "running"
    case .sendUpdate: "send-update"
    case .receiveUpdate: "receive-update"
    }
  }

  /// The same enumeration's number, which one of QEMU's texts shows.
  fileprivate var qemuNumber: Int { self == .sent ? 0 : Int(rawValue) }
}
