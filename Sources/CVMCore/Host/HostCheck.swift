import Attestation

/// What `host check` found, line by line.
package struct HostCheckReport: Encodable, Equatable, Sendable {
  package var type: LaunchType
  /// Everything that launching this type needs is there.
  package var ready: Bool
  package var simulated: Bool
  package var checks: [Check]

  package struct Check: Encodable, Equatable, Sendable {
    package var id: String
    package var result: Result
    package var found: String
    package var fix: String?
    /// The type that was asked about cannot be launched without it.
    package var required: Bool
    package var simulated: Bool
  }

  /// `notApplicable`: the feature is absent and nobody asked for it. `notPermitted`: could not be looked at.
  package enum Result: String, Encodable, Sendable {
    case pass, fail
    case warning
    case notApplicable = "not-applicable"
    case notPermitted = "not-permitted"
  }

  /// What to do about the first thing that is missing.
  package var firstFix: String? { checks.first { $0.required && $0.result == .fail }?.fix }
}

extension Core {
  /// Looks at the machine (for a local host), at libvirt and QEMU, and at the firmware images, for one launch type.
  package func checkHost(for type: LaunchType) throws(CoreError) -> HostCheckReport {
    var list = HostCheckList(type: type, simulated: try isSimulatedHost())
    if !list.simulated, !HostURI.isRemote(uri) { LocalHostCheck.run(&list) }
    try checkPlatform(&list)
    FirmwareCheck.run(&list)
    return list.report
  }

  private func isSimulatedHost() throws(CoreError) -> Bool {
    do {
      return try platform().isSimulated
    } catch {
      guard case .backend = error else { throw error }
      return try backend().isSimulated
    }
  }

  /// What libvirt and its emulator offer, and whether the platform's certificates verify.
  private func checkPlatform(_ list: inout HostCheckList) throws(CoreError) {
    try checkHypervisor(&list)
    let presented: PresentedPlatform
    do {
      presented = try platform()
    } catch {
      guard case .backend(let problem) = error else { throw error }
      list.add(
        "sev-firmware", false, found: problem.summary,
        fix: "SEV needs an AMD EPYC host with SME and SEV on in its BIOS, and kvm_amd loaded with sev=1",
        required: true)
      return
    }
    let platform = presented.platform
    list.add("sev-firmware", true, found: "answers, C-bit \(platform.cbitPosition)", fix: nil, required: true)
    checkASIDs(platform, &list)
    if list.type == .sevSNP {
      let supported =
        (try? domainCapabilities(DomainCapabilitiesQuery()).contains("<value>sev-snp</value>")) == true
      list.add(
        "sev-snp", supported, found: supported ? "offered" : "not offered by libvirt or QEMU",
        fix: "SEV-SNP needs libvirt 10.5, QEMU 9.1 and a kernel with SNP host support", required: true)
    }
    let verification = PlatformVerification(try chain(of: platform).verify(against: .amd.and(.simulated)))
    let failed = verification.checks.first { $0.result == "fail" }
    list.add(
      "certificates", verification.accepted,
      found: verification.accepted
        ? (verification.simulated ? "verified, simulated root" : "verified")
        : failed.map { "\($0.id): \($0.reason ?? "failed")" } ?? "refused",
      fix: "cvmctl host certs import --cek FILE --ca FILE (the signed CEK, AMD's ASK and ARK)",
      required: list.type != .sevSNP)
  }

  private func checkHypervisor(_ list: inout HostCheckList) throws(CoreError) {
    guard try !backend().isSimulated else {
      return list.note("hypervisor", .notApplicable, found: "simulated: no libvirt, no QEMU", fix: nil)
    }
    let version = try hostVersion()
    let daemon = version.daemon ?? version.library
    list.add(
      "libvirt", daemon != nil, found: daemon ?? "none", fix: "install libvirt 9.0 or newer", required: true)
    list.add(
      "hypervisor", version.hypervisor != nil,
      found: version.hypervisor.map { "\(version.hypervisorType) \($0)" } ?? version.hypervisorType,
      fix: "install QEMU", required: true)
  }

  /// 0 means that libvirt could not tell, never that there are none.
  private func checkASIDs(_ platform: SEVPlatform, _ list: inout HostCheckList) {
    let (pool, name) =
      list.type == .sev ? (platform.maxGuests, "asids") : (platform.maxESGuests, "es-asids")
    guard platform.maxGuests > 0 || platform.maxESGuests > 0 else {
      return list.note(name, .warning, found: "not told by libvirt", fix: nil)
    }
    list.add(
      name, pool > 0, found: "\(pool) guests at once",
      fix: "give SEV-ES a share of the ASIDs in the BIOS (SEV-ES ASID space limit)", required: true)
  }
}

/// Checks as they are made.
struct HostCheckList {
  let type: LaunchType
  let simulated: Bool
  private var checks: [HostCheckReport.Check] = []

  init(type: LaunchType, simulated: Bool) {
    self.type = type
    self.simulated = simulated
  }

  var report: HostCheckReport {
    HostCheckReport(
      type: type, ready: !checks.contains { $0.required && $0.result == .fail }, simulated: simulated,
      checks: checks)
  }

  mutating func add(_ id: String, _ passed: Bool, found: String, fix: String?, required: Bool) {
    let result: HostCheckReport.Result = passed ? .pass : required ? .fail : .warning
    checks.append(
      HostCheckReport.Check(
        id: id, result: result, found: found, fix: passed ? nil : fix, required: required,
        simulated: simulated))
  }

  mutating func note(_ id: String, _ result: HostCheckReport.Result, found: String, fix: String?) {
    checks.append(
      HostCheckReport.Check(
        id: id, result: result, found: found, fix: fix, required: false, simulated: simulated))
  }
}
