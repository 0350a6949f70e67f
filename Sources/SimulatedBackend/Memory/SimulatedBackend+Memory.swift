package import CVMCore
import SecureProcessor
import StateStore

/// From where a simulated guest's memory is looked at.
package enum MemoryView: String, CaseIterable, Sendable {
  /// As its host sees it: ciphertext wherever the AMD-SP or the guest wrote.
  case host
  /// As the guest itself sees it. Only a simulation can show that.
  case guest
}

extension SimulatedBackend {
  /// `count` bytes of the memory of a guest that was launched here, at a guest physical address. Throws
  /// `.unsupported` for a guest without launch security, which has no memory here.
  package func memory(
    of uuid: GuestUUID, view: MemoryView, address: UInt64, count: Int
  ) throws(BackendError) -> [UInt8] {
    let launch = try launched(uuid)
    guard let physical = launch.layout.physical(address), (0...(1 << 24)).contains(count) else {
      throw Self.unmapped(address, count)
    }
    let platform = try platform()
    let memory = try platform.memory(of: launch.contextID, handle: launch.handle, size: launch.memorySize)
    switch view {
    case .host:
      do { return try memory.read(physical, count: count) } catch { throw Self.unmapped(address, count) }
    case .guest:
      let transaction = try platform.begin(with: launch)
      do {
        return try transaction.processor.guestRead(
          launch.handle, address: physical, count: count, memory: memory)
      } catch {
        throw Self.unmapped(address, count)
      }
    }
  }

  /// What was put into the guest's memory at its launch, in the order of addresses.
  package func memoryRanges(of uuid: GuestUUID) throws(BackendError) -> [MemoryRange] {
    _ = try launched(uuid)
    return try table.read { () throws(DomainFailure) in try table.ranges(uuid) }
  }

  private func launched(_ uuid: GuestUUID) throws(BackendError) -> LaunchRow {
    let launch = try table.read { () throws(DomainFailure) in
      _ = try table.activeDomain(uuid)
      return try table.launch(uuid)
    }
    guard let launch else {
      throw .unsupported(reason: "only a guest with launch security has simulated memory")
    }
    return launch
  }

  private static func unmapped(_ address: UInt64, _ count: Int) -> BackendError {
    .invalidDefinition(
      reason: "the guest has no \(count) bytes of memory at address 0x\(String(address, radix: 16))")
  }
}
