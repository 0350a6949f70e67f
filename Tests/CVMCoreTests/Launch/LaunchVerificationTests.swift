import Attestation
import Bytes
import CVMCore
import CVMCrypto
import SEV
import Testing

@Suite("a launch verified again") struct LaunchVerificationTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}")
  }

  private func verify(_ references: ReferenceFiles = ReferenceFiles(), digest: [UInt8]? = nil) throws
    -> LaunchVerification
  {
    try desk.core.verifyLaunch("web1", references, digest: digest)
  }

  private func start() throws { _ = try desk.start(StartOptions(staysPaused: true)) }

  @Test func `matches what was expected of it, and its record stays as it was`() throws {
    try start()
    let record = try desk.record()
    let verification = try verify()
    #expect(verification.verdict == .match && verification.failure == nil && verification.differences.isEmpty)
    #expect(
      verification.measurement == record.measurement && verification.expectedDigest == record.expectedDigest)
    #expect(verification.simulated == record.simulated && verification.policy == "0x00000003")
    #expect(try desk.record() == record)
  }

  @Test func `that does not match its owner's own digest is never let go`() throws {
    try start()
    let verification = try verify(digest: Array(repeating: 1, count: 32))
    guard case .measurementMismatch? = verification.failure else {
      Issue.record("no failure")
      return
    }
    #expect(try desk.record().verdict == .mismatch && !desk.record().differences.isEmpty)
    // Asking again, with what fits, makes no match of it.
    #expect(try verify().verdict == .match && desk.record().verdict == .mismatch)
    desk.host.forgetCalls()
    #expect(refusal { _ = try desk.core.perform(.resume(ownerAccepted: true), on: "web1") } != nil)
    #expect(refusal { _ = try desk.core.injectSecrets(.secrets([desk.secret]), into: "web1") } != nil)
    #expect(!desk.host.calls.contains("resume") && !desk.host.calls.contains("inject"))
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    #expect(try desk.record().outcome == .destroyed && desk.record().verdict == .mismatch)
  }

  @Test func `does not match another firmware file`() throws {
    try start()
    let other = try desk.scratch.write(Firmware.image(secret: nil), to: "other.fd")
    #expect(try verify(ReferenceFiles(firmware: other)).verdict == .mismatch)
  }

  @Test func `does not match what the host made up`() throws {
    try start()
    desk.host.script.telling = { info in
      var info = info
      info.measurement?[0] ^= 1
      return info
    }
    #expect(try verify().verdict == .mismatch && desk.record().verdict == .mismatch)
  }

  @Test func `that runs already keeps its verdict`() throws {
    _ = try desk.start()
    #expect(try verify(digest: Array(repeating: 1, count: 32)).verdict == .mismatch)
    #expect(try desk.record().verdict == .match && desk.record().outcome == .running)
  }

  @Test func `by a read-only connection leaves no trace`() throws {
    try start()
    let found = try desk.core(readOnly: true).verifyLaunch(
      "web1", ReferenceFiles(), digest: Array(repeating: 1, count: 32))
    #expect(found.verdict == .mismatch)
    #expect(try desk.record().verdict == .match)
  }

  @Test func `that the host knows nothing of is drift`() throws {
    try start()
    desk.host.script.telling = { _ in nil }
    guard case .policy(.drift)? = refusal({ _ = try verify() }) else {
      Issue.record("verified")
      return
    }
  }

  @Test func `needs keys, a launch and launch security`() throws {
    guard case .notFound(.launch, _)? = refusal({ _ = try verify() }) else {
      Issue.record("verified what never was")
      return
    }
    _ = try desk.start(StartOptions(allowsUnattestable: true))
    guard case .conflict? = refusal({ _ = try verify() }) else {
      Issue.record("verified without a session")
      return
    }
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    try start()
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    guard case .conflict? = refusal({ _ = try verify() }) else {
      Issue.record("verified what is over")
      return
    }
    _ = try desk.core.undefine("web1", UndefineOptions())
    try desk.define()
    guard case .unsupported? = refusal({ _ = try verify() }) else {
      Issue.record("verified what nothing measures")
      return
    }
  }
}

@Suite("a launch verified from files alone") struct OfflineVerificationTests {
  let scratch: Scratch
  static let firmware = FirmwareVersion(apiMajor: 1, apiMinor: 55, build: 21)
  static let policy = SEVPolicy(rawValue: 3)

  init() throws {
    scratch = try Scratch()
    try scratch.write(counting(from: 0x40, 16), to: "tik", mode: 0o644)
    try scratch.write(exampleFirmware, to: "ex.fd")
  }

  private func measurement() throws -> String {
    let measurement = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: Self.policy, digest: SHA256.hash(exampleFirmware),
      nonce: counting(from: 7, 16), tik: SecretBytes(copying: counting(from: 0x40, 16)))
    return Base64.encode(measurement.serialized())
  }

  private func verdict(
    _ text: String? = nil, firmware: FirmwareVersion = firmware, policy: SEVPolicy = policy,
    tik: String = "tik",
    digest: [UInt8]? = nil
  ) throws -> LaunchVerdict {
    let evidence = try OfflineEvidence(
      measurement: text ?? measurement(), firmware: firmware, policy: policy, tikFile: scratch.file(tik),
      tekFile: nil)
    let inputs = try MeasuredInputs(
      firmware: scratch.file("ex.fd"), kernel: nil, initrd: nil, commandLine: nil, vcpus: nil)
    return try LaunchVerification.offline(evidence, digest.map { .digest($0) } ?? .launch(inputs)).verdict
  }

  @Test func `matches by firmware or by digest`() throws {
    #expect(try verdict() == .match)
    #expect(try verdict(digest: SHA256.hash(exampleFirmware)) == .match)
  }

  @Test func `does not match with any one input changed`() throws {
    try scratch.write(counting(from: 0x41, 16), to: "other")
    let verdicts = [
      try verdict(policy: SEVPolicy(rawValue: 2)), try verdict(tik: "other"),
      try verdict(firmware: FirmwareVersion(apiMajor: 1, apiMinor: 54, build: 21)),
      try verdict(firmware: FirmwareVersion(apiMajor: 0, apiMinor: 55, build: 21)),
      try verdict(firmware: FirmwareVersion(apiMajor: 1, apiMinor: 55, build: 22)),
      try verdict(digest: Array(repeating: 0, count: 32)), try verdict(Base64.encode(counting(from: 0, 48))),
    ]
    #expect(verdicts.allSatisfy { $0 == .mismatch })
    try scratch.write(exampleFirmware.dropLast() + [1], to: "ex.fd")
    #expect(try verdict() == .mismatch)
  }

  @Test func `never matches with a TIK of zeros, which everybody has`() throws {
    try scratch.write(Array(repeating: 0, count: 16), to: "zero")
    let measurement = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: Self.policy, digest: SHA256.hash(exampleFirmware),
      nonce: counting(from: 7, 16), tik: SecretBytes(count: 16))
    #expect(try verdict(Base64.encode(measurement.serialized()), tik: "zero") == .mismatch)
  }

  @Test(arguments: ["", "!", "AAAA"])
  func `reads no measurement that is none`(_ text: String) {
    switch refusal({ _ = try verdict(text) }) {
    case .usage?, .malformedBytes?: break
    case let other: Issue.record("\(String(describing: other))")
    }
  }
}
