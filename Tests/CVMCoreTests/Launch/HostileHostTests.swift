import Bytes
import CVMCore
import Documents
import SEV
import Testing

/// A host that lies in one respect. `expected` words stand in what the launch is refused with.
struct Hostility: CustomTestStringConvertible, Sendable {
  let name: String
  /// `drift` or `mismatch`.
  let kind: String
  let expected: [String]
  let script: @Sendable (inout ScriptedHost.Script, TestPlatform) throws -> Void

  var testDescription: String { name }

  static func drift(
    _ name: String, _ expected: [String],
    _ script: @escaping @Sendable (inout ScriptedHost.Script, TestPlatform) throws -> Void
  ) -> Hostility { Hostility(name: name, kind: "drift", expected: expected, script: script) }

  static func mismatch(
    _ name: String, _ expected: String,
    _ script: @escaping @Sendable (inout ScriptedHost.Script, TestPlatform) throws -> Void
  ) -> Hostility { Hostility(name: name, kind: "mismatch", expected: [expected], script: script) }
}

@Suite("a launch at a hostile host") struct HostileHostTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define(
      "launch: {type: sev-es}", "kernel: \(desk.scratch.file("kernel"))", "cmdline: ro", "vcpus: 2")
    // What a host may put in the place of the owner's files.
    try desk.scratch.write(exampleFirmware.dropLast() + [1], to: "other.fd")
    try desk.scratch.write("another kernel\n", to: "other-kernel")
  }

  typealias Edit = DocumentEdit

  /// The live document tells the truth about a start that was not the one asked for.
  static let openly: [Hostility] = [
    .drift(
      "without launch security",
      ["launch security", "policy", "kernel hashes", "session", "owner's certificate"]
    ) { script, _ in script.starting = { Edit.without("launchSecurity", in: $0) } },
    .drift("with another vCPU", ["vCPUs"]) { script, _ in
      script.starting = { Edit.setting("vcpu", to: "3", in: $0) }
    },
    .drift("with another command line", ["command line"]) { script, _ in
      script.starting = { Edit.setting("os/cmdline", to: "rw", in: $0) }
    },
    .drift("without a command line", ["command line"]) { script, _ in
      script.starting = {
        Edit.edited($0) { root in root.edit(at: "os") { $0.removeChildren(named: "cmdline") } }
      }
    },
    .drift("with an initial RAM disk", ["initrd"]) { script, _ in
      script.starting = { xml in
        let kernel = (try? parsed(xml))?.text(at: "os/kernel") ?? ""
        return Edit.adding(XMLElement("initrd", text: kernel), to: "os", in: xml)
      }
    },
    .drift("with another kernel", ["kernel"]) { script, _ in
      script.starting = { $0.replacing("/kernel<", with: "/other-kernel<") }
    },
    .drift("with another firmware", ["firmware"]) { script, _ in
      script.starting = { $0.replacing("/ex.fd", with: "/other.fd") }
    },
    .drift("with a variable store", ["NVRAM"]) { script, _ in
      script.starting = { Edit.adding(XMLElement("nvram", text: "/vars.fd"), to: "os", in: $0) }
    },
    .drift("without kernel hashes", ["kernel hashes"]) { script, _ in
      script.starting = { Edit.setting("kernelHashes", of: "launchSecurity", to: "no", in: $0) }
    },
    .drift("with another CPU model", ["CPU model"]) { script, _ in
      script.starting = { Edit.setting("cpu/model", to: "EPYC-Rome", in: $0) }
    },
    .drift("with a session of the host's", ["session", "owner's certificate"]) { script, platform in
      let own = try HostSession(for: platform, policy: 7)
      script.starting = { xml in
        Edit.setting(
          "launchSecurity/session", to: own.session,
          in: Edit.setting("launchSecurity/dhCert", to: own.dhCert, in: xml))
      }
    },
    .drift("without a session", ["session", "owner's certificate"]) { script, _ in
      script.starting = { xml in
        Edit.edited(xml) { root in
          _ = root.edit(at: "launchSecurity") {
            $0.removeChildren(named: "session")
            $0.removeChildren(named: "dhCert")
          }
        }
      }
    },
    .drift("with debugging, in a session of the host's", ["policy", "session", "owner's certificate"]) {
      script, platform in
      let own = try HostSession(for: platform, policy: 6)
      script.starting = { xml in
        let owned = Edit.setting(
          "launchSecurity/session", to: own.session,
          in: Edit.setting("launchSecurity/dhCert", to: own.dhCert, in: xml))
        return Edit.setting("launchSecurity/policy", to: "0x0006", in: owned)
      }
    },
    .drift("whose document cannot be read", ["what runs cannot be read"]) { script, _ in
      script.showing = { _ in "<domain" }
    },
    .drift("that shows another guest", ["name"]) { script, _ in
      script.showing = { Edit.setting("name", to: "web2", in: $0) }
    },
    .drift("that shows no launch security", ["launch security"]) { script, _ in
      script.showing = { Edit.without("launchSecurity", in: $0) }
    },
    .drift("whose AMD-SP knows of no launch", ["launch security"]) { script, _ in
      script.telling = { _ in nil }
    },
    .drift("whose AMD-SP gives no measurement", ["launch security"]) { script, _ in
      script.telling = { info in
        var info = info
        info.measurement = nil
        return info
      }
    },
  ]

  /// The documents are as they should be; only the measurement knows better.
  static let secretly: [Hostility] = [
    .mismatch("that measured something else", "fits nothing that was tried") { script, _ in
      script.digest = Array(repeating: 7, count: 32)
    },
    .mismatch("that hides another firmware", "fits nothing that was tried") { script, _ in
      script.starting = { $0.replacing("/ex.fd", with: "/other.fd") }
      script.showing = { $0.replacing("/other.fd", with: "/ex.fd") }
    },
    .mismatch("that hides another kernel", "fits nothing that was tried") { script, _ in
      script.starting = { $0.replacing("/kernel<", with: "/other-kernel<") }
      script.showing = { $0.replacing("/other-kernel<", with: "/kernel<") }
    },
    .mismatch("that hides another command line", "fits nothing that was tried") { script, _ in
      script.starting = { Edit.setting("os/cmdline", to: "rw", in: $0) }
      script.showing = { Edit.setting("os/cmdline", to: "ro", in: $0) }
    },
    .mismatch("that hides the loss of kernel hashes", "without kernel hashes") { script, _ in
      script.starting = { Edit.setting("kernelHashes", of: "launchSecurity", to: "no", in: $0) }
      script.showing = { Edit.setting("kernelHashes", of: "launchSecurity", to: "yes", in: $0) }
    },
    .mismatch("that hides a third vCPU", "would fit 3 vCPUs") { script, _ in
      script.starting = { Edit.setting("vcpu", to: "3", in: $0) }
      script.showing = { Edit.setting("vcpu", to: "2", in: $0) }
    },
    .mismatch("that hides another CPU", "would fit CPU signature") { script, _ in
      script.starting = { Edit.setting("cpu/model", to: "EPYC-Rome", in: $0) }
      script.showing = { Edit.setting("cpu/model", to: "EPYC-Milan", in: $0) }
    },
    .mismatch("that shows the owner's session in the place of its own", "fits nothing that was tried") {
      script, platform in
      let own = try HostSession(for: platform, policy: 7)
      let given = Given()
      script.starting = { xml in
        given.xml = xml
        return Edit.setting(
          "launchSecurity/session", to: own.session,
          in: Edit.setting("launchSecurity/dhCert", to: own.dhCert, in: xml))
      }
      script.showing = { given.xml ?? $0 }
    },
    .mismatch("that shows a session and used none", "without a session") { script, _ in
      let given = Given()
      script.starting = { xml in
        given.xml = xml
        return Edit.edited(xml) { root in
          _ = root.edit(at: "launchSecurity") {
            $0.removeChildren(named: "session")
            $0.removeChildren(named: "dhCert")
          }
        }
      }
      script.showing = { given.xml ?? $0 }
    },
    .mismatch("whose report names another policy", "reports policy 0x00000006") { script, _ in
      script.telling = { info in
        var info = info
        info.policy = 6
        return info
      }
    },
    .mismatch("whose report names no policy", "reports policy 0x00000000") { script, _ in
      script.telling = { info in
        var info = info
        info.policy = nil
        return info
      }
    },
    .mismatch("whose report names another API major", "") { script, _ in
      script.telling = { info in
        var info = info
        info.apiMajor += 1
        return info
      }
    },
    .mismatch("whose report names another API minor", "") { script, _ in
      script.telling = { info in
        var info = info
        info.apiMinor -= 1
        return info
      }
    },
    .mismatch("whose report names another build", "") { script, _ in
      script.telling = { info in
        var info = info
        info.buildID ^= 1
        return info
      }
    },
    .mismatch("whose measurement has one bit turned", "") { script, _ in
      script.telling = { info in
        var info = info
        info.measurement?[0] ^= 0x80
        return info
      }
    },
    .mismatch("whose nonce has one bit turned", "") { script, _ in
      script.telling = { info in
        var info = info
        info.measurement?[47] ^= 1
        return info
      }
    },
    .mismatch("whose measurement is zeros", "") { script, _ in
      script.telling = { info in
        var info = info
        info.measurement = Array(repeating: 0, count: 48)
        return info
      }
    },
  ]

  /// The document that was handed over.
  final class Given { var xml: String? }

  @Test(arguments: openly + secretly)
  func `is refused, its guest destroyed`(_ host: Hostility) throws {
    try host.script(&desk.host.script, desk.host.platform)
    desk.host.forgetCalls()
    let problem = refusal { _ = try desk.start(StartOptions(secrets: [desk.secret])) }
    switch (host.kind, problem) {
    case ("drift", .policy(.drift(guest: "web1", let differences))?):
      #expect(Set(host.expected).isSubset(of: differences))
    case ("mismatch", .measurementMismatch(guest: "web1", let differences)?):
      #expect(!differences.isEmpty)
      #expect(
        differences.contains { host.expected[0].isEmpty || $0.contains(host.expected[0]) }, "\(differences)")
      #expect(try desk.record().differences == differences)
    default: Issue.record("refused with \(String(describing: problem))")
    }
    expectNothingLeft()
    let record = try desk.record()
    #expect(record.outcome == .destroyed && record.secretsInjected == 0 && record.endedAt != nil)
    #expect(record.verdict == (host.kind == "drift" ? .pending : .mismatch))
    #expect(record.steps.last?.name == (host.kind == "drift" ? .measurement : .appraisal))
    #expect(record.steps.last?.outcome == .failed)
    #expect(record.steps.dropLast().allSatisfy { $0.outcome == .ok })
    #expect(try !desk.keepsKeys())
  }

  /// The names that are told are all that differ.
  @Test(arguments: openly.filter { $0.expected.count == 1 && !$0.name.hasPrefix("that shows no") })
  func `is told by all that differs, and by nothing else`(_ host: Hostility) throws {
    try host.script(&desk.host.script, desk.host.platform)
    let problem = refusal { _ = try desk.start() }
    guard case .policy(.drift(_, let differences))? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(differences == host.expected)
  }

  @Test(arguments: [0, 1, 47, 49, 96, 4096])
  func `a measurement of another size is not read`(_ size: Int) throws {
    desk.host.script.telling = { info in
      var info = info
      info.measurement = Array(repeating: 1, count: size)
      return info
    }
    desk.host.forgetCalls()
    guard case .malformedBytes? = refusal({ _ = try desk.start(StartOptions(secrets: [desk.secret])) }) else {
      Issue.record("taken")
      return
    }
    expectNothingLeft()
    #expect(try desk.record().outcome == .destroyed && !desk.keepsKeys())
  }

  private func expectNothingLeft() {
    #expect(desk.host.calls.contains("startPaused") && desk.host.calls.contains("destroy"))
    #expect(!desk.host.calls.contains("inject") && !desk.host.calls.contains("resume"))
    #expect(desk.host.state == .shutOff && desk.host.live == nil && desk.host.secrets.isEmpty)
    #expect(desk.hasCleanDefinition())
  }

  @Test func `the same guest at an honest host runs`() throws {
    _ = try desk.start(StartOptions(secrets: [desk.secret]))
    #expect(try desk.record().verdict == .match && desk.host.state == .running)
  }
}
