import SEV
import Testing

@testable import CVMCore

@Suite("what a host check finds") struct HostCheckTests {
  let desk: Desk

  /// A remote host: this machine's own CPU and kernel are not looked at.
  init() throws { desk = try Desk(uri: "qemu+ssh://scripted/system") }

  private func check(_ type: LaunchType = .sev) throws -> HostCheckReport {
    try desk.core.checkHost(for: type)
  }

  private func line(_ id: String, _ type: LaunchType = .sev) throws -> HostCheckReport.Check? {
    try check(type).checks.first { $0.id == id }
  }

  @Test(arguments: [LaunchType.sev, .sevES])
  func `of a host that has everything is that it is ready`(_ type: LaunchType) throws {
    let report = try check(type)
    #expect(report.ready && report.type == type && report.firstFix == nil)
    let passed = report.checks.filter { $0.result == .pass }.map(\.id)
    #expect(
      Set(["libvirt", "hypervisor", "sev-firmware", type == .sev ? "asids" : "es-asids", "certificates"])
        .isSubset(of: passed))
    #expect(try line("certificates", type)?.found == "verified, simulated root")
  }

  @Test func `of a host elsewhere says nothing of this machine`() throws {
    let ids = try check().checks.map(\.id)
    #expect(!ids.contains("cpu") && !ids.contains("kernel") && !ids.contains("/dev/sev"))
    let local = try Desk().core.checkHost(for: .sev).checks.map(\.id)
    #expect(local.contains("cpu") && local.contains("kernel") && local.contains("/dev/sev"))
  }

  @Test func `of a host without SEV is what it needs`() throws {
    desk.host.script.failures["sevPlatform"] = .unsupported(reason: "no SEV here")
    let report = try check()
    #expect(!report.ready && report.firstFix?.contains("kvm_amd") == true)
    let line = try #require(report.checks.first { $0.id == "sev-firmware" })
    #expect(line.result == .fail && line.required && line.found == "no SEV here")
    #expect(!report.checks.contains { $0.id == "certificates" })
  }

  @Test func `of a host without room for SEV-ES is no obstacle to SEV`() throws {
    desk.host.platform.maxESGuests = 0
    #expect(try check(.sev).ready && !check(.sevES).ready)
    let line = try #require(try line("es-asids", .sevES))
    #expect(line.result == .fail && line.fix?.contains("ASID") == true)
  }

  @Test func `of a libvirt that could not count is a warning`() throws {
    desk.host.platform.maxGuests = 0
    desk.host.platform.maxESGuests = 0
    for (type, id) in [(LaunchType.sev, "asids"), (.sevES, "es-asids")] {
      #expect(try check(type).ready)
      let line = try #require(try line(id, type))
      #expect(line.result == .warning && !line.required && line.found == "not told by libvirt")
    }
  }

  @Test func `of certificates that do not verify is the check that failed`() throws {
    desk.host.platform.pdh = try TestPlatform().pdh
    let report = try check()
    let line = try #require(report.checks.first { $0.id == "certificates" })
    #expect(!report.ready && line.result == .fail && line.found.hasPrefix("signature.pdh"))
    #expect(line.fix?.contains("host certs import") == true && report.firstFix == line.fix)
  }

  @Test func `of a host without libvirt's daemon or an emulator is not that it is ready`() throws {
    desk.host.versions.hypervisor = nil
    #expect(try !check().ready && line("hypervisor")?.result == .fail)
    desk.host.versions = HostVersion(library: nil, daemon: nil, hypervisorType: "QEMU", hypervisor: "7.2.0")
    #expect(try !check().ready && line("libvirt")?.result == .fail)
  }

  @Test func `of SEV-SNP depends on what libvirt offers`() throws {
    #expect(try !check(.sevSNP).ready && line("sev-snp", .sevSNP)?.result == .fail)
    desk.host.domainCapabilities =
      "<domainCapabilities><enum><value>sev-snp</value></enum></domainCapabilities>"
    #expect(try check(.sevSNP).ready && line("sev-snp", .sevSNP)?.result == .pass)
    #expect(try line("sev-snp", .sev) == nil, "nobody asked")
  }

  @Test func `of a simulated host says so in every line`() throws {
    desk.host.isSimulated = true
    let report = try check()
    #expect(report.simulated && report.checks.allSatisfy { $0.simulated })
    #expect(report.checks.first { $0.id == "hypervisor" }?.result == .notApplicable)
    desk.host.isSimulated = false
    #expect(try !check().simulated)
  }

  @Test func `is ready unless something that is required is missing`() {
    var list = HostCheckList(type: .sev, simulated: false)
    #expect(list.report.ready)
    list.add("a", true, found: "x", fix: "never shown", required: true)
    list.add("b", false, found: "x", fix: "optional", required: false)
    list.note("c", .notPermitted, found: "x", fix: "no one's")
    #expect(list.report.ready && list.report.firstFix == nil)
    #expect(list.report.checks.map(\.result) == [.pass, .warning, .notPermitted])
    #expect(list.report.checks.map(\.fix) == [nil, "optional", "no one's"])
    list.add("d", false, found: "x", fix: "first", required: true)
    list.add("e", false, found: "x", fix: "second", required: true)
    #expect(!list.report.ready && list.report.firstFix == "first")
  }
}

@Suite("a host that is simulated") struct SimulatedHostTests {
  @Test func `is not launched on without consent, and is never called real`() throws {
    let desk = try Desk(allowsSimulated: false)
    try desk.define("launch: {type: sev}")
    desk.host.forgetCalls()
    guard case .simulated? = refusal({ _ = try desk.start() }) else {
      Issue.record("launched")
      return
    }
    #expect(!desk.host.calls.contains("startPaused"))
    let record = try #require(desk.start(StartOptions(allowsSimulated: true)).launch)
    #expect(record.simulated && record.verdict == .match)
  }

  @Test func `by construction needs no consent to itself`() throws {
    let desk = try Desk(allowsSimulated: false)
    desk.host.isSimulated = true
    try desk.define("launch: {type: sev}")
    let record = try #require(desk.start().launch)
    #expect(record.simulated && record.backend == .simulated)
    #expect(try desk.core.isSimulated())
  }

  @Test func `shows by the mark in its chain`() throws {
    let desk = try Desk(allowsSimulated: false)
    #expect(try !desk.core.platform().isSimulated)
    desk.host.marksChain = true
    #expect(try desk.core.platform().isSimulated && desk.core.isSimulated())
    try desk.define("launch: {type: sev}")
    for unattestable in [false, true] {
      guard case .simulated? = refusal({ _ = try desk.start(StartOptions(allowsUnattestable: unattestable)) })
      else {
        Issue.record("launched")
        return
      }
    }
    #expect(!desk.host.calls.contains("startPaused"))
    #expect(try desk.record().simulated, "a refused launch says so too")
  }
}
