/// The vCPUs of a SEV-ES or SEV-SNP guest, as far as they are measured.
package struct MeasuredVCPUs: Hashable, Sendable {
  package var count: Int
  /// Of the guest's CPU model, not of the host's CPU unless the guest has it passed through.
  package var signature: CPUSignature
  package var generation: VMSAGeneration
  /// The sev_features register. SEV-ES: 0 unless the host's kernel sets DebugSwap (0x20). SEV-SNP: 1, and what else it sets.
  package var features: UInt64
  package var vmm: VMM

  package init(
    count: Int, signature: CPUSignature, generation: VMSAGeneration = .initial, features: UInt64 = 0,
    vmm: VMM = .qemu
  ) {
    self.count = count
    self.signature = signature
    self.generation = generation
    self.features = features
    self.vmm = vmm
  }

  /// Their pages; every one but the first starts at `resetAddress`.
  func pages(resetAddress: UInt32) throws(MeasureError) -> VMSAPages {
    guard (1...VMSA.vcpuLimit).contains(count) else { throw .vcpuCount(count) }
    func page(_ vcpu: Int) -> [UInt8] {
      VMSA.page(
        vcpu: vcpu, resetAddress: resetAddress, signature: signature, generation: generation,
        features: features, vmm: vmm)
    }
    return VMSAPages(boot: page(0), application: page(1), count: count)
  }

  /// Their pages in a SEV-SNP launch.
  func pages(of load: SNPLoad) throws(MeasureError) -> VMSAPages {
    if let address = load.svsmAddress { return try pages(ofSVSM: load.described.facts, at: address) }
    let firmware = load.described.facts
    switch firmware.reset {
    case .present(let address): return try pages(resetAddress: address)
    case .absent: throw .noResetBlock
    case .unusable(.zeroAddress):
      guard count <= 1 else {
        throw .zeroResetAddress(vcpus: count, offset: firmware.entries[.resetBlock]?.lowerBound ?? 0)
      }
      return try pages(resetAddress: 0)
    case .unusable(let defect): throw .unusableResetBlock(defect)
    }
  }

  private func pages(ofSVSM image: FirmwareImage, at address: UInt64) throws(MeasureError) -> VMSAPages {
    guard (1...VMSA.vcpuLimit).contains(count) else { throw .vcpuCount(count) }
    switch image.svsmEntry {
    case .present(let entry):
      let page = VMSA.svsmPage(entry: UInt32(truncatingIfNeeded: address) + entry, signature: signature)
      return VMSAPages(boot: page, application: page, count: count)
    case .absent: throw .noSVSMEntry
    case .unusable(let defect): throw .unusableSVSMEntry(defect)
    }
  }
}

/// The VMSA pages of a launch: two kinds, however many vCPUs there are.
package struct VMSAPages: Sendable {
  package let boot: [UInt8]
  package let application: [UInt8]
  package let count: Int

  package subscript(vcpu: Int) -> [UInt8] { vcpu == 0 ? boot : application }
}
