import Attestation
import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct LaunchAppraisalTests {
  static let version = FirmwareVersion(apiMajor: 1, apiMinor: 55, build: 21)

  /// The image of the worked digests: zeros and one table.
  static func firmware() throws -> MeasuredFirmware {
    let table = hex(
      """
      00d08000001000001a0061b32e4c9b7dc34c8081127c90d3d294000c8100000400001a001f3755723b3a044b927b1da6efa8d454
      04b080001600de71f7007e1acb4f890e68c77e2fb44e5c00de82b596b21ff745baeaa366c55a082d
      """)
    let zeros = [UInt8](repeating: 0, count: 0xFE0 - table.count)
    return try MeasuredFirmware(parsing: zeros + table + [UInt8](repeating: 0, count: 32))
  }

  static func keys() throws -> TransportKeys {
    try TransportKeys(joined: SecretBytes(copying: counting(from: 0x20, 32)))
  }

  /// SEV-ES with four vCPUs and a kernel.
  static func launch(
    count: Int = 4, model: String = "EPYC-Milan", generation: VMSAGeneration = .initial, features: UInt64 = 0,
    kernel: Bool = true, vcpus: Bool = true
  ) throws -> MeasuredLaunch {
    let hashes = try KernelHashes(
      kernel: Array("kernel\n".utf8), initrd: Array("initrd\n".utf8), commandLine: "console=ttyS0")
    let measured = MeasuredVCPUs(
      count: count, signature: try #require(CPUSignature(model: model)), generation: generation,
      features: features)
    return MeasuredLaunch(
      firmware: try firmware(), kernel: kernel ? hashes : nil, vcpus: vcpus ? measured : nil)
  }

  /// What a firmware reports of such a launch.
  static func evidence(
    of launch: MeasuredLaunch, policy: SEVPolicy = .esDefault, version: FirmwareVersion = version,
    reportedPolicy: SEVPolicy? = nil, reportedVersion: FirmwareVersion? = nil, tik: SecretBytes? = nil
  ) throws -> LaunchEvidence {
    let measurement = try LaunchMeasurement.compute(
      apiMajor: version.apiMajor, apiMinor: version.apiMinor, build: version.build, policy: policy,
      digest: launch.digest(), nonce: counting(from: 0xF0, 16), tik: tik ?? keys().tik)
    return LaunchEvidence(
      measurement: measurement, firmware: reportedVersion ?? version, policy: reportedPolicy ?? policy)
  }

  static func reference(_ firmware: FirmwareExpectation = .any) throws -> LaunchReference {
    try LaunchReference(policy: .esDefault, firmware: firmware, launch: launch())
  }

  static func differences(
    _ evidence: LaunchEvidence, _ firmware: FirmwareExpectation = .any
  ) throws -> [Difference] {
    let appraisal = try LaunchAppraisal.appraise(evidence, against: reference(firmware), tik: keys().tik)
    #expect(appraisal.launch == nil && !appraisal.differences.isEmpty)
    return appraisal.differences
  }

  @Test func `the expected launch matches, and its secret opens on that platform alone`() throws {
    let evidence = try Self.evidence(of: Self.launch())
    let appraisal = try LaunchAppraisal.appraise(evidence, against: Self.reference(), tik: Self.keys().tik)
    let launch = try #require(appraisal.launch)
    #expect(try launch.digest == Self.launch().digest() && appraisal.differences.isEmpty)
    let plain = SecretBytes(copying: counting(from: 0, 48))
    let packet = try launch.seal(plain, keys: Self.keys(), iv: counting(from: 0x80, 16))
    #expect(try packet.open(keys: Self.keys(), measurement: evidence.measurement.hmac) == plain)
  }

  // Worked measurement: plain SEV, API 1.55, build 21, policy 1.
  @Test func `the worked measurement matches its digest`() throws {
    let blob =
      hex("bf37a92abe4697d1c2799cba91809158c8fb579d1cee350d5590e2380a66ed31") + counting(from: 0xF0, 16)
    let evidence = LaunchEvidence(
      measurement: try LaunchMeasurement(parsing: blob), firmware: Self.version,
      policy: SEVPolicy(rawValue: 1))
    let digest = hex("e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0")
    let reference = LaunchReference(
      policy: SEVPolicy(rawValue: 1), firmware: .any, digests: [counting(from: 0, 32), digest])
    let appraisal = try LaunchAppraisal.appraise(evidence, against: reference, tik: Self.keys().tik)
    #expect(appraisal.launch?.digest == digest)
  }

  @Test func `a digest alone that differs is unexplained`() throws {
    let reference = LaunchReference(policy: .esDefault, firmware: .any, digests: [counting(from: 0, 32)])
    let evidence = try Self.evidence(of: Self.launch())
    let appraisal = try LaunchAppraisal.appraise(evidence, against: reference, tik: Self.keys().tik)
    #expect(appraisal == .mismatch([.unexplained]))
    let none = LaunchReference(policy: .esDefault, firmware: .any, digests: [])
    #expect(
      try LaunchAppraisal.appraise(evidence, against: none, tik: Self.keys().tik) == .mismatch([.unexplained])
    )
  }

  @Test func `one difference in what is measured is named, never accepted`() throws {
    let cases: [(MeasuredLaunch, DigestDifference, String)] = [
      (try Self.launch(generation: .init2), .vmsaGeneration(.init2), "vmsa-generation"),
      (try Self.launch(kernel: false), .kernelHashes, "kernel-hashes"),
      (try Self.launch(vcpus: false), .vcpus, "vcpus-not-measured"),
      (try Self.launch(count: 3), .vcpuCount(3), "vcpu-count"),
      (try Self.launch(count: 5), .vcpuCount(5), "vcpu-count"),
      (
        try Self.launch(model: "EPYC-Rome"), .cpuSignature(CPUSignature(rawValue: 0x0083_0F10)),
        "cpu-signature"
      ),
      (try Self.launch(features: 0x20), .features(0x20), "guest-features"),
    ]
    for (launch, difference, id) in cases {
      let found = try Self.differences(Self.evidence(of: launch))
      #expect(found == [.digest(difference)] && found.first?.id == id)
    }
  }

  @Test func `two differences at once are unexplained`() throws {
    let launch = try Self.launch(count: 3, generation: .init2)
    #expect(try Self.differences(Self.evidence(of: launch)) == [.unexplained])
  }

  @Test func `another policy is named as reported and as measured`() throws {
    let other = SEVPolicy(rawValue: 0x5)
    let launched = try Self.evidence(of: Self.launch(), policy: other)
    #expect(
      try Self.differences(launched) == [
        .reportedPolicy(expected: .esDefault, reported: other), .measuredPolicy(other),
      ])
    let lied = try Self.evidence(of: Self.launch(), reportedPolicy: other)
    #expect(try Self.differences(lied) == [.reportedPolicy(expected: .esDefault, reported: other)])
    let hidden = try Self.evidence(of: Self.launch(), policy: other, reportedPolicy: .esDefault)
    #expect(try Self.differences(hidden) == [.unexplained])
  }

  @Test func `a firmware that is not accepted is named`() throws {
    let old = FirmwareVersion(apiMajor: 0, apiMinor: 24, build: 15)
    let evidence = try Self.evidence(of: Self.launch(), version: old)
    let wanted = FirmwareExpectation.atLeast(apiMajor: 1, apiMinor: 49)
    #expect(
      try Self.differences(evidence, wanted) == [.reportedFirmware(expected: wanted, reported: old)])
    let exact = FirmwareExpectation.exactly(Self.version)
    let lied = try Self.evidence(of: Self.launch(), reportedVersion: old)
    #expect(
      try Self.differences(lied, exact) == [
        .reportedFirmware(expected: exact, reported: old), .measuredFirmware(Self.version),
      ])
    #expect(try Self.differences(lied) == [.unexplained])
    for accepted in [wanted, exact, .any] {
      let appraisal = try LaunchAppraisal.appraise(
        Self.evidence(of: Self.launch()), against: Self.reference(accepted), tik: Self.keys().tik)
      #expect(appraisal.launch != nil)
    }
  }

  @Test func `a launch without a session is told, and a zero TIK matches nothing`() throws {
    let zero = SecretBytes(count: 16)
    let evidence = try Self.evidence(of: Self.launch(), tik: zero)
    #expect(try Self.differences(evidence) == [.noSession])
    let appraisal = try LaunchAppraisal.appraise(evidence, against: Self.reference(), tik: zero)
    #expect(appraisal == .mismatch([.zeroTIK]))
  }

  @Test func `every changed bit of a measurement is a mismatch`() throws {
    let good = try Self.evidence(of: Self.launch())
    let reference = LaunchReference(
      policy: .esDefault, firmware: .any, digests: [try Self.launch().digest()])
    for index in 0..<48 {
      var bytes = good.measurement.serialized()
      bytes[index] ^= 1
      let changed = LaunchEvidence(
        measurement: try LaunchMeasurement(parsing: bytes), firmware: good.firmware, policy: good.policy)
      #expect(
        try LaunchAppraisal.appraise(changed, against: reference, tik: Self.keys().tik).launch == nil)
    }
  }

  @Test func `no secret is sealed for firmware that does not bind it to the launch`() throws {
    for (minor, binds) in [(16, false), (17, true)] as [(UInt8, Bool)] {
      let version = FirmwareVersion(apiMajor: 0, apiMinor: minor, build: 1)
      let evidence = try Self.evidence(of: Self.launch(), version: version)
      let appraisal = try LaunchAppraisal.appraise(evidence, against: Self.reference(), tik: Self.keys().tik)
      let launch = try #require(appraisal.launch)
      let sealed = Result {
        try launch.seal(SecretBytes(count: 48), keys: Self.keys(), iv: counting(from: 0, 16))
      }
      #expect(((try? sealed.get()) != nil) == binds)
    }
  }

  @Test func `a difference has a stable name and a sentence`() {
    let all: [Difference] = [
      .zeroTIK, .noSession, .reportedPolicy(expected: .sevDefault, reported: .esDefault),
      .measuredPolicy(.esDefault), .reportedFirmware(expected: .any, reported: Self.version),
      .measuredFirmware(Self.version), .digest(.kernelHashes), .digest(.vcpus), .unexplained,
    ]
    #expect(Set(all.map(\.id)).count == all.count)
    #expect(all.allSatisfy { !$0.summary.isEmpty && !$0.summary.hasSuffix(".") })
  }
}
