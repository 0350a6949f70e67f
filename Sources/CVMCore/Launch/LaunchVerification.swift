package import Attestation
import Bytes
package import CVMCrypto
package import SEV

/// A launch measurement compared with what it should be.
package struct LaunchVerification: Encodable, Equatable, Sendable {
  package var guest: String?
  package var verdict: LaunchVerdict
  /// The reference value that was asked for.
  package var referenceName: String?
  package var referenceVersion: Int?
  /// Hex.
  package var expectedDigest: String
  package var expectedMeasurement: String
  package var measurement: String
  package var nonce: String
  package var policy: String
  package var vmsaGeneration: String?
  package var differences: [String]
  package var simulated: Bool

  /// What to throw where the measurement does not match.
  package var failure: CoreError? {
    verdict == .match ? nil : .measurementMismatch(guest: "", differences: differences)
  }
}

extension LaunchVerification {
  /// Holds evidence against a reference, and says which measurement was expected.
  static func appraise(
    _ evidence: LaunchEvidence, _ reference: LaunchReference, tik: SecretBytes
  ) throws(CoreError) -> (verdict: LaunchAppraisal, expected: LaunchMeasurement) {
    do {
      let verdict = try LaunchAppraisal.appraise(evidence, against: reference, tik: tik)
      let expected = try LaunchMeasurement.compute(
        apiMajor: evidence.firmware.apiMajor, apiMinor: evidence.firmware.apiMinor,
        build: evidence.firmware.build,
        policy: reference.policy, digest: reference.digests[0], nonce: evidence.measurement.nonce, tik: tik)
      return (verdict, expected)
    } catch {
      throw .crypto(error)
    }
  }

  /// A verification from files and options alone, as `virt-qemu-sev-validate` makes it.
  package static func offline(
    _ evidence: OfflineEvidence, _ expectation: LaunchExpectation
  ) throws(CoreError) -> LaunchVerification {
    let policy = evidence.evidence.policy
    let reference: LaunchReference
    switch expectation {
    case .digest(let digest): reference = LaunchReference(policy: policy, firmware: .any, digests: [digest])
    case .launch(let inputs):
      do {
        reference = try LaunchReference(policy: policy, firmware: .any, launch: inputs.launch)
      } catch {
        throw .unmeasurable(source: inputs.firmwarePath, error)
      }
    }
    return try LaunchVerification(
      evidence.evidence, reference, tik: evidence.tik, guest: nil, simulated: false)
  }

  init(
    _ evidence: LaunchEvidence, _ reference: LaunchReference, tik: SecretBytes, guest: String?,
    simulated: Bool
  ) throws(CoreError) {
    let (verdict, expected) = try Self.appraise(evidence, reference, tik: tik)
    let type: LaunchType = reference.policy.es ? .sevES : .sev
    self.guest = guest
    self.verdict = verdict.launch == nil ? .mismatch : .match
    expectedDigest = Hex.encode(reference.digests[0])
    expectedMeasurement = Hex.encode(expected.hmac)
    measurement = Hex.encode(evidence.measurement.hmac)
    nonce = Hex.encode(evidence.measurement.nonce)
    policy = PolicyValue(type: type, rawValue: UInt64(reference.policy.rawValue)).text
    vmsaGeneration = reference.launches.first?.vcpus?.generation.rawValue
    differences = verdict.differences.map(\.summary)
    self.simulated = simulated
  }
}

/// What the AMD-SP said of a launch, as a command line gives it, with the key that only the owner has.
package struct OfflineEvidence: Sendable {
  package let evidence: LaunchEvidence
  package let tik: SecretBytes

  /// `measurement` is base64 of exactly 48 bytes. The files hold 16 raw bytes each.
  package init(
    measurement: String, firmware: FirmwareVersion, policy: SEVPolicy, tikFile: String, tekFile: String?
  ) throws(CoreError) {
    guard let bytes = Base64.decode(measurement) else { throw .usage("--measurement is not base64") }
    do {
      evidence = LaunchEvidence(
        measurement: try LaunchMeasurement(parsing: bytes), firmware: firmware, policy: policy)
    } catch {
      throw .malformedBytes(source: "--measurement", error)
    }
    tik = try TransportKeyFile.read(tikFile)
    if let tekFile { _ = try TransportKeyFile.read(tekFile) }
  }
}

/// What a guest owner expects to have been launched.
package enum LaunchExpectation: Sendable {
  case digest([UInt8])
  case launch(MeasuredInputs)
}

extension MeasuredInputs {
  /// From files alone. `vcpus` nil: plain SEV.
  package init(
    firmware: String, kernel: String?, initrd: String?, commandLine: String?, vcpus: MeasuredVCPUs?
  ) throws(CoreError) {
    firmwarePath = firmware
    let image = try MeasuredFirmware(file: firmware)
    let hashes = try kernel.map { path throws(CoreError) in
      try Self.hashes(kernel: path, initrd: initrd, commandLine: commandLine)
    }
    launch = MeasuredLaunch(firmware: image, kernel: hashes, vcpus: vcpus)
  }
}

/// TIK and TEK in files of their own, as sevctl writes them.
package enum TransportKeyFile {
  /// Reads exactly 16 raw bytes. The file may have any mode: other tools write these files by the umask.
  package static func read(_ path: String) throws(CoreError) -> SecretBytes {
    let key = try InputFile.readSecret(path, limit: 4096, anyMode: true)
    guard key.count == TransportKeys.keySize else {
      throw .usage("\(path): a transport key is 16 bytes, this file has \(key.count)")
    }
    return key
  }
}

extension Core {
  /// Verifies a guest's latest launch again: what the host says now, held against what the definition predicts, or the files given.
  /// A mismatch before the guest was let go is the launch's own verdict: nothing lets it go then. Later the record stays as it is.
  package func verifyLaunch(
    _ name: String, _ references: ReferenceFiles, digest: [UInt8]?, reference named: String? = nil
  ) throws(CoreError) -> LaunchVerification {
    let found = try find(name)
    guard let guest = found.recorded, guest.type != nil else {
      throw .unsupported("guest '\(found.state.name)' has no launch security: nothing measures it")
    }
    guard let row = try latestLaunch(of: guest) else { throw .notFound(.launch, "of guest '\(guest.name)'") }
    var record = try LaunchRecord(row: row)
    let recorded = try named.map { named throws(CoreError) in try reliedReference(named, for: guest.name) }
    try recorded?.requirePolicy(guest.policy?.text ?? "", type: guest.type)
    let keys = try transportKeys(of: row, record)
    let uuid = guest.uuid
    let info = try hosted { backend throws(BackendError) in try backend.launchSecurity(uuid) }
    guard let info else { throw .policy(.drift(guest: guest.name, differences: ["launch security"])) }
    let evidence = try LaunchEvidence(info, guest: guest.name)
    let policy = SEVPolicy(rawValue: UInt32(truncatingIfNeeded: guest.policy?.rawValue ?? 0))
    let reference = try reference(
      guest, references, policy: policy, digest: try recorded?.expected.digestBytes() ?? digest)
    var verification = try LaunchVerification(
      evidence, reference, tik: keys.tik, guest: guest.name, simulated: record.simulated)
    if let recorded {
      let definition = try guest.definition()
      verification.name(recorded) { predicted(definition, references) }
    }
    if record.outcome == .paused, verification.verdict == .mismatch, !readOnly {
      record.verdict = .mismatch
      record.differences = verification.differences
      try keep(record, act: "launch.verify", keepsKeys: true)
    }
    return verification
  }

  /// What the definition predicts now, where its files can be read.
  private func predicted(_ definition: GuestDefinition, _ references: ReferenceFiles) -> LaunchFacts? {
    guard let inputs = try? MeasuredInputs(definition, references, hostSignature: hostSignature) else {
      return nil
    }
    return try? LaunchFacts(definition, references, inputs)
  }

  /// A verification from evidence and a reference value, without a guest.
  package func verifyLaunch(
    _ evidence: OfflineEvidence, reference named: String
  ) throws(CoreError) -> LaunchVerification {
    let recorded = try reliedReference(named, for: nil)
    let policy = evidence.evidence.policy
    let type: LaunchType = policy.es ? .sevES : .sev
    try recorded.requirePolicy(PolicyValue(type: type, rawValue: UInt64(policy.rawValue)).text, type: type)
    var verification = try LaunchVerification.offline(
      evidence, .digest(try recorded.expected.digestBytes()))
    verification.name(recorded) { nil }
    return verification
  }

  private func reference(
    _ guest: RecordedGuest, _ references: ReferenceFiles, policy: SEVPolicy, digest: [UInt8]?
  ) throws(CoreError) -> LaunchReference {
    if let digest { return LaunchReference(policy: policy, firmware: .any, digests: [digest]) }
    let inputs = try MeasuredInputs(try guest.definition(), references, hostSignature: hostSignature)
    do {
      return try LaunchReference(policy: policy, firmware: .any, launch: inputs.launch)
    } catch {
      throw .unmeasurable(source: inputs.firmwarePath, error)
    }
  }
}

extension ReferenceValue {
  /// Throws where it is of launches of another type or policy.
  fileprivate func requirePolicy(_ text: String, type: LaunchType?) throws(CoreError) {
    var differences: [String] = []
    if let type, type != expected.type {
      differences.append(
        "the expectation differs: launch type \(type.rawValue), recorded \(expected.type.rawValue)")
    }
    if let policy = expected.policy, policy != text {
      differences.append("the expectation differs: policy \(text), recorded \(policy)")
    }
    guard differences.isEmpty else { throw .referenceMismatch(reference: title, differences: differences) }
  }
}

extension LaunchVerification {
  /// Says which reference value it was, and of a mismatch what became of that value's inputs.
  fileprivate mutating func name(_ reference: ReferenceValue, _ predicted: () -> LaunchFacts?) {
    (referenceName, referenceVersion) = (reference.name, reference.version)
    guard verdict == .mismatch else { return }
    let facts = reference.expected
    differences = (predicted().map { facts.differences(to: $0) } ?? facts.changedFiles()) + differences
  }
}
