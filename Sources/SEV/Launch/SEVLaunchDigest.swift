internal import CVMCrypto

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
    let pages = try pages(firmware, kernel, vcpus)
    do {
      let stream = try firmware.launchDigest()
      if let kernel { stream.update(kernel.table) }
      if let pages { for vcpu in 0..<pages.count { stream.update(pages[vcpu]) } }
      return try stream.finalize()
    } catch {
      throw .crypto(error)
    }
  }

  /// As `compute`, with the digest behind each part: the last one's is the launch digest.
  package static func steps(
    firmware: MeasuredFirmware, kernel: KernelHashes? = nil, vcpus: MeasuredVCPUs? = nil
  ) throws(MeasureError) -> [MeasuredStep] {
    let pages = try pages(firmware, kernel, vcpus)
    var steps = [step(.firmware, firmware.image.size, firmware.digest)]
    do {
      let stream = try firmware.launchDigest()
      func load(_ content: MeasuredStep.Content, _ bytes: [UInt8]) throws(CryptoError) {
        stream.update(bytes)
        let digest = try SHA256.Stream(continuing: stream.state()).finalize()
        steps.append(step(content, bytes.count, digest))
      }
      if let kernel { try load(.kernelHashes, kernel.table) }
      if let pages { for vcpu in 0..<pages.count { try load(.vmsa(vcpu: vcpu), pages[vcpu]) } }
    } catch {
      throw .crypto(error)
    }
    return steps
  }

  private static func step(_ content: MeasuredStep.Content, _ size: Int, _ digest: [UInt8]) -> MeasuredStep {
    MeasuredStep(content: content, type: nil, address: nil, size: size, digest: digest)
  }

  /// The VMSA pages that a SEV-ES launch measures.
  package static func vmsaPages(
    firmware: MeasuredFirmware, vcpus: MeasuredVCPUs
  ) throws(MeasureError) -> VMSAPages {
    try vcpus.pages(resetAddress: resetAddress(of: firmware.image))
  }

  private static func pages(
    _ firmware: MeasuredFirmware, _ kernel: KernelHashes?, _ vcpus: MeasuredVCPUs?
  ) throws(MeasureError) -> VMSAPages? {
    if kernel != nil { try requireHashArea(of: firmware.image) }
    return try vcpus.map { vcpus throws(MeasureError) in
      try vmsaPages(firmware: firmware, vcpus: vcpus)
    }
  }

  private static func requireHashArea(of firmware: FirmwareImage) throws(MeasureError) {
    switch firmware.hashes {
    case .present: return
    case .absent: throw firmware.hasTable ? .noHashArea : .noFirmwareTable
    case .unusable(let defect): throw .unusableHashArea(defect)
    }
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
