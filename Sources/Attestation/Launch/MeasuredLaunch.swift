package import SEV

/// Everything that a launch has measured, from which its digest is predicted.
package struct MeasuredLaunch: Equatable, Sendable {
  package let firmware: MeasuredFirmware
  /// Nil: no kernel hashes.
  package let kernel: KernelHashes?
  /// Nil: plain SEV.
  package let vcpus: MeasuredVCPUs?

  package init(firmware: MeasuredFirmware, kernel: KernelHashes? = nil, vcpus: MeasuredVCPUs? = nil) {
    self.firmware = firmware
    self.kernel = kernel
    self.vcpus = vcpus
  }

  package func digest() throws(MeasureError) -> [UInt8] {
    try SEVLaunchDigest.compute(firmware: firmware, kernel: kernel, vcpus: vcpus)
  }

  /// Launches that differ from this one in one respect that is easily got wrong. A digest among theirs
  /// explains a mismatch; it never makes up for it.
  func variations() -> [(DigestDifference, MeasuredLaunch)] {
    var all: [(DigestDifference, MeasuredLaunch)] = []
    if kernel != nil {
      all.append((.kernelHashes, MeasuredLaunch(firmware: firmware, kernel: nil, vcpus: vcpus)))
    }
    guard let vcpus else { return all }
    all.append((.vcpus, MeasuredLaunch(firmware: firmware, kernel: kernel, vcpus: nil)))
    return all
      + Self.variations(of: vcpus).map { difference, vcpus in
        (difference, MeasuredLaunch(firmware: firmware, kernel: kernel, vcpus: vcpus))
      }
  }

  private static func variations(of vcpus: MeasuredVCPUs) -> [(DigestDifference, MeasuredVCPUs)] {
    func changed(_ change: (inout MeasuredVCPUs) -> Void) -> MeasuredVCPUs {
      var copy = vcpus
      change(&copy)
      return copy
    }
    let other = vcpus.generation.other
    let debugSwap: UInt64 = 0x20
    let signatures = Set(CPUSignature.modelNames.compactMap { CPUSignature(model: $0) })
    return [
      (.vmsaGeneration(other), changed { $0.generation = other }),
      (.features(vcpus.features ^ debugSwap), changed { $0.features ^= debugSwap }),
      (.vcpuCount(vcpus.count - 1), changed { $0.count -= 1 }),
      (.vcpuCount(vcpus.count + 1), changed { $0.count += 1 }),
    ]
      + signatures.subtracting([vcpus.signature]).sorted { $0.rawValue < $1.rawValue }
      .map { signature in (.cpuSignature(signature), changed { $0.signature = signature }) }
  }
}
