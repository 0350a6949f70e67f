package import SEV

/// In what a measured launch differs from the expected one, as far as a digest can tell.
package enum DigestDifference: Equatable, Sendable {
  /// It would match with the registers of the other initialisation.
  case vmsaGeneration(VMSAGeneration)
  /// It would match without kernel hashes: kernel, initial RAM disk and command line were not measured.
  case kernelHashes
  /// It would match without any vCPU measured, as plain SEV.
  case vcpus
  case vcpuCount(Int)
  case cpuSignature(CPUSignature)
  /// It would match with this value of sev_features.
  case features(UInt64)
}

/// What can be known of a mismatch. A difference explains; it never excuses.
package enum Difference: Equatable, Sendable {
  /// The TIK is all zero: the measurement proves nothing, whatever it says.
  case zeroTIK
  /// The measurement was made without a session (all-zero TIK): the owner's keys played no part in this
  /// launch.
  case noSession
  /// The host reports another policy than the owner asked for.
  case reportedPolicy(expected: SEVPolicy, reported: SEVPolicy)
  /// The measurement fits the reported policy instead of the owner's.
  case measuredPolicy(SEVPolicy)
  /// The host reports a firmware that the owner does not accept.
  case reportedFirmware(expected: FirmwareExpectation, reported: FirmwareVersion)
  /// The measurement fits this firmware version instead of the reported one.
  case measuredFirmware(FirmwareVersion)
  /// The measurement fits another digest.
  case digest(DigestDifference)
  /// The measurement fits nothing that was tried: other firmware, kernel, initial RAM disk, command line,
  /// vCPUs or keys.
  case unexplained

  /// Stable name for scripts.
  package var id: String {
    switch self {
    case .zeroTIK: "zero-tik"
    case .noSession: "no-session"
    case .reportedPolicy: "reported-policy"
    case .measuredPolicy: "measured-policy"
    case .reportedFirmware: "reported-firmware"
    case .measuredFirmware: "measured-firmware"
    case .digest(.vmsaGeneration): "vmsa-generation"
    case .digest(.kernelHashes): "kernel-hashes"
    case .digest(.vcpus): "vcpus-not-measured"
    case .digest(.vcpuCount): "vcpu-count"
    case .digest(.cpuSignature): "cpu-signature"
    case .digest(.features): "guest-features"
    case .unexplained: "unexplained"
    }
  }

  /// One line for people, lower case, without a full stop.
  package var summary: String {
    switch self {
    case .zeroTIK: "the TIK is all zero, so the measurement proves nothing"
    case .noSession: "the guest was launched without a session: the measurement is made with an all-zero TIK"
    case .reportedPolicy(let expected, let reported):
      "the host reports policy \(reported), not \(expected)"
    case .measuredPolicy(let policy): "the measurement fits policy \(policy)"
    case .reportedFirmware(let expected, let reported):
      "the host reports SEV firmware \(reported), accepted is \(expected.description)"
    case .measuredFirmware(let version): "the measurement fits SEV firmware \(version)"
    case .digest(let difference): difference.summary
    case .unexplained:
      "the measurement fits nothing that was tried: firmware image, kernel, vCPUs or keys are others"
    }
  }
}

extension DigestDifference {
  var summary: String {
    switch self {
    case .vmsaGeneration(let generation): "the measurement would fit VMSA generation '\(generation.rawValue)'"
    case .kernelHashes:
      "the measurement would fit a launch without kernel hashes: the kernel was not measured"
    case .vcpus: "the measurement would fit a launch that measures no vCPU (plain SEV)"
    case .vcpuCount(let count): "the measurement would fit \(count) vCPUs"
    case .cpuSignature(let signature): "the measurement would fit CPU signature \(signature)"
    case .features(let features): "the measurement would fit guest features 0x\(String(features, radix: 16))"
    }
  }
}
