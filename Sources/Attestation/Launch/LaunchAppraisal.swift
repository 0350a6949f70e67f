package import CVMCrypto
package import SEV

/// What a guest owner expects of a launch.
package struct LaunchReference: Sendable {
  package let policy: SEVPolicy
  package let firmware: FirmwareExpectation
  /// Any of these is right.
  package let digests: [[UInt8]]
  /// What the digests were predicted from, as far as it is at hand: it explains a mismatch.
  package let launches: [MeasuredLaunch]

  /// For digests that are known as such.
  package init(policy: SEVPolicy, firmware: FirmwareExpectation, digests: [[UInt8]]) {
    self.policy = policy
    self.firmware = firmware
    self.digests = digests
    launches = []
  }

  /// For a launch whose inputs are known.
  package init(
    policy: SEVPolicy, firmware: FirmwareExpectation, launch: MeasuredLaunch
  ) throws(MeasureError) {
    self.policy = policy
    self.firmware = firmware
    digests = [try launch.digest()]
    launches = [launch]
  }
}

/// A launch that was measured as its owner expects. Only `LaunchAppraisal` makes one; launch secrets are
/// sealed by it.
package struct AppraisedLaunch: Equatable, Sendable {
  package let evidence: LaunchEvidence
  /// Which of the expected digests it has.
  package let digest: [UInt8]

  fileprivate init(evidence: LaunchEvidence, digest: [UInt8]) {
    self.evidence = evidence
    self.digest = digest
  }

  /// Encrypts a secret table's plaintext for this launch. Throws `.invalidInput` for firmware that would
  /// open it in another launch too (`FirmwareVersion.bindsSecretsToLaunch`).
  package func seal(
    _ plaintext: SecretBytes, keys: TransportKeys, iv: [UInt8]
  ) throws(CryptoError) -> SecretPacket {
    guard evidence.firmware.bindsSecretsToLaunch else {
      throw .invalidInput("SEV firmware \(evidence.firmware) does not bind secrets to a launch")
    }
    return try SecretPacket.seal(plaintext, keys: keys, measurement: evidence.measurement.hmac, iv: iv)
  }
}

/// The verdict on a launch.
package enum LaunchAppraisal: Equatable, Sendable {
  case match(AppraisedLaunch)
  /// Never empty.
  case mismatch([Difference])

  package var launch: AppraisedLaunch? {
    guard case .match(let launch) = self else { return nil }
    return launch
  }

  package var differences: [Difference] {
    guard case .mismatch(let differences) = self else { return [] }
    return differences
  }

  /// Holds the evidence against the reference. A match needs all of: a TIK that is not zero, the expected
  /// policy reported and measured, an accepted firmware, one of the expected digests. The comparison of
  /// measurements takes constant time.
  package static func appraise(
    _ evidence: LaunchEvidence, against reference: LaunchReference, tik: SecretBytes
  ) throws(CryptoError) -> LaunchAppraisal {
    guard tik != SecretBytes(count: tik.count) else { return .mismatch([.zeroTIK]) }
    let trial = Trial(nonce: evidence.measurement.nonce, tik: tik)
    var matching: [UInt8]?
    for digest in reference.digests where matching == nil {
      let measured = try trial.measurement(evidence.firmware, reference.policy, digest)
      if measured == evidence.measurement { matching = digest }
    }
    var differences = reported(evidence, reference)
    if let matching, differences.isEmpty {
      return .match(AppraisedLaunch(evidence: evidence, digest: matching))
    }
    if matching == nil { differences += try explain(evidence, reference, trial) }
    return .mismatch(differences)
  }

  /// What differs by the host's own words.
  private static func reported(
    _ evidence: LaunchEvidence, _ reference: LaunchReference
  ) -> [Difference] {
    var differences: [Difference] = []
    if evidence.policy != reference.policy {
      differences.append(.reportedPolicy(expected: reference.policy, reported: evidence.policy))
    }
    if !reference.firmware.admits(evidence.firmware) {
      differences.append(.reportedFirmware(expected: reference.firmware, reported: evidence.firmware))
    }
    return differences
  }

  /// Tries what the measurement might fit instead: other policies and versions that are at hand, then
  /// launches that differ in one respect, then no session at all.
  private static func explain(
    _ evidence: LaunchEvidence, _ reference: LaunchReference, _ trial: Trial
  ) throws(CryptoError) -> [Difference] {
    let digests = candidates(reference)
    for (digest, difference) in digests {
      for (version, versionDifference) in versions(evidence, reference) {
        for (policy, policyDifference) in policies(evidence, reference) {
          let measured = try trial.measurement(version, policy, digest)
          guard measured == evidence.measurement else { continue }
          return [policyDifference, versionDifference, difference].compactMap { $0 }
        }
      }
    }
    let unkeyed = Trial(nonce: trial.nonce, tik: SecretBytes(count: TransportKeys.keySize))
    for (digest, difference) in digests {
      let measured = try unkeyed.measurement(evidence.firmware, evidence.policy, digest)
      if measured == evidence.measurement { return [.noSession] + [difference].compactMap { $0 } }
    }
    return [.unexplained]
  }

  /// The expected digests, then those of launches that differ in one respect. Variations that cannot be
  /// computed are left out.
  private static func candidates(_ reference: LaunchReference) -> [([UInt8], Difference?)] {
    let expected: [([UInt8], Difference?)] = reference.digests.map { ($0, nil) }
    let varied = reference.launches.flatMap { $0.variations() }.compactMap {
      difference, launch -> ([UInt8], Difference?)? in
      do { return (try launch.digest(), .digest(difference)) } catch { return nil }
    }
    return expected + varied
  }

  private static func versions(
    _ evidence: LaunchEvidence, _ reference: LaunchReference
  ) -> [(FirmwareVersion, Difference?)] {
    guard case .exactly(let version) = reference.firmware, version != evidence.firmware else {
      return [(evidence.firmware, nil)]
    }
    return [(evidence.firmware, nil), (version, .measuredFirmware(version))]
  }

  private static func policies(
    _ evidence: LaunchEvidence, _ reference: LaunchReference
  ) -> [(SEVPolicy, Difference?)] {
    guard evidence.policy != reference.policy else { return [(reference.policy, nil)] }
    return [(reference.policy, nil), (evidence.policy, .measuredPolicy(evidence.policy))]
  }
}

/// Computes what the firmware would have measured.
private struct Trial {
  let nonce: [UInt8]
  let tik: SecretBytes

  func measurement(
    _ version: FirmwareVersion, _ policy: SEVPolicy, _ digest: [UInt8]
  ) throws(CryptoError) -> LaunchMeasurement {
    try LaunchMeasurement.compute(
      apiMajor: version.apiMajor, apiMinor: version.apiMinor, build: version.build, policy: policy,
      digest: digest, nonce: nonce, tik: tik)
  }
}
