internal import CVMCrypto

/// The vCPUs of a SEV-ES guest, as far as they are measured.
package struct MeasuredVCPUs: Hashable, Sendable {
  package var count: Int
  /// Of the guest's CPU model, not of the host's CPU unless the guest has it passed through.
  package var signature: CPUSignature
  package var generation: VMSAGeneration
  /// The sev_features register: 0 unless the host's kernel sets DebugSwap (0x20).
  package var features: UInt64

  package init(
    count: Int, signature: CPUSignature, generation: VMSAGeneration = .initial, features: UInt64 = 0
  ) {
    self.count = count
    self.signature = signature
    self.generation = generation
    self.features = features
  }
}

/// The launch digest of SEV and SEV-ES: SHA-256 over everything that is loaded by LAUNCH_UPDATE, in
/// QEMU's order: firmware image, kernel-hash table, the VMSA of each vCPU. Addresses are not measured.
package enum SEVLaunchDigest {
  /// Bytes of a digest.
  package static let size = SHA256.size

  /// `kernel` nil: the guest boots without kernel hashes. `vcpus` nil: plain SEV, whose vCPUs are not
  /// measured.
  package static func compute(
    firmware: MeasuredFirmware, kernel: KernelHashes? = nil, vcpus: MeasuredVCPUs? = nil
  ) throws(MeasureError) -> [UInt8] {
    if kernel != nil { try requireHashArea(of: firmware.image) }
    let pages = try vcpus.map { vcpus throws(MeasureError) in try Pages(vcpus, firmware.image) }
    do {
      let stream = try firmware.launchDigest()
      if let kernel { stream.update(kernel.table) }
      pages?.forEach { stream.update($0) }
      return try stream.finalize()
    } catch {
      throw .crypto(error)
    }
  }

  private static func requireHashArea(of firmware: FirmwareImage) throws(MeasureError) {
    switch firmware.hashes {
    case .present: return
    case .absent: throw firmware.hasTable ? .noHashArea : .noFirmwareTable
    case .unusable(let defect): throw .unusableHashArea(defect)
    }
  }

  /// The VMSA pages: two kinds, however many vCPUs there are.
  private struct Pages {
    let boot: [UInt8]
    let application: [UInt8]
    let count: Int

    init(_ vcpus: MeasuredVCPUs, _ firmware: FirmwareImage) throws(MeasureError) {
      guard (1...VMSA.vcpuLimit).contains(vcpus.count) else { throw .vcpuCount(vcpus.count) }
      let address = try Self.resetAddress(of: firmware)
      (boot, application) = (Self.page(0, address, vcpus), Self.page(1, address, vcpus))
      count = vcpus.count
    }

    func forEach(_ body: ([UInt8]) -> Void) {
      for vcpu in 0..<count { body(vcpu == 0 ? boot : application) }
    }

    private static func page(_ vcpu: Int, _ address: UInt32, _ vcpus: MeasuredVCPUs) -> [UInt8] {
      VMSA.page(
        vcpu: vcpu, resetAddress: address, signature: vcpus.signature, generation: vcpus.generation,
        features: vcpus.features)
    }

    /// Needed for one vCPU too: QEMU refuses to start a SEV-ES guest without it.
    private static func resetAddress(of firmware: FirmwareImage) throws(MeasureError) -> UInt32 {
      switch firmware.reset {
      case .present(let address): return address
      case .absent: throw firmware.hasTable ? .noResetBlock : .noFirmwareTable
      case .unusable(let defect): throw .unusableResetBlock(defect)
      }
    }
  }
}
