package import CVMCore
import SEV
import SecureProcessor
import StateStore

extension SimulatedBackend {
  package func inject(
    header: [UInt8], payload: [UInt8], address: UInt64?, into uuid: GuestUUID
  ) throws(BackendError) {
    let (row, launch) = try table.read { () throws(DomainFailure) in
      let row = try table.activeDomain(uuid)
      guard let launch = try table.launch(uuid) else { throw DomainFailure(.noLaunchSecurity) }
      try check(row.state.state == .paused, else: .notPaused)
      return (row, launch)
    }
    let target = if let address { address } else { try Self.secretAddress(launch, payload.count) }
    guard let ram = GuestRAM(size: row.maxMemory), ram.contains(target, count: payload.count) else {
      throw .failed(
        operation: "secret injection",
        reason: "No memory is mapped at address 0x\(String(target, radix: 16))")
    }
    try deliver(header, payload, launch, at: target)
    try table.run { () throws(DomainFailure) in
      guard try table.activeDomain(uuid).state.id == row.state.id else { throw DomainFailure(.notRunning) }
      try table.insert(MemoryRange(address: target, count: payload.count, kind: .secret), of: uuid)
    }
  }

  /// Where the firmware wants a secret. QEMU would take an area of (0, 0) for the address 0 and look at no
  /// size: both are refused here.
  private static func secretAddress(_ launch: LaunchRow, _ count: Int) throws(BackendError) -> UInt64 {
    guard let area = launch.secretArea else {
      throw .unsupported(reason: "SEV: no secret area found in OVMF, gpa must be specified.")
    }
    guard area.isOffered else {
      throw .unsupported(reason: "the firmware has no area for launch secrets (base 0x0, size 0x0)")
    }
    guard count <= Int(area.size) else {
      throw .unsupported(
        reason: "the secret has \(count) bytes, the firmware's area for launch secrets \(area.size)")
    }
    return UInt64(area.base)
  }

  private func deliver(
    _ header: [UInt8], _ payload: [UInt8], _ launch: LaunchRow, at target: UInt64
  ) throws(BackendError) {
    let platform = try platform()
    let transaction = try platform.begin(with: launch)
    let handle = launch.handle
    let address = launch.layout.base + target  // inside RAM, as the caller has checked
    let memory = try platform.memory(of: launch.contextID, handle: handle, size: launch.memorySize)
    let state = try? transaction.processor.guestStatus(handle).state
    guard state == .launchSecret else {
      throw .conflict(reason: "SEV: Not in correct state. (LSECRET) \(state?.rawValue ?? 0)")
    }
    let secret = LaunchSecret(handle: handle, header: header, guestAddress: address, transport: payload)
    do { try transaction.processor.launchSecret(secret, memory: memory) } catch {
      throw .secretRefused(error)
    }
  }
}

extension BackendError {
  static let noLaunchSecurity = BackendError.unsupported(
    reason: "Operation not supported: setting a launch secret is only supported in SEV-enabled domains")
}
