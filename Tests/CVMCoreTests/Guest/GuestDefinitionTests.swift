import CVMCore
import Documents
import SEV
import Testing

@Suite("what a launch depends on in a domain document") struct GuestDefinitionTests {
  static let full = """
    <domain type='kvm'>
      <name>web1</name>
      <uuid>8f0752f4-4131-437c-b071-12cbe79d4e3c</uuid>
      <memory unit='MiB'>512</memory>
      <vcpu current='2'>4</vcpu>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        <loader readonly='yes' type='pflash' stateless='yes'> /ovmf.fd
        </loader>
        <kernel>/vmlinuz</kernel><initrd>/initrd</initrd><cmdline>root=/dev/vda  ro </cmdline>
      </os>
      <cpu mode='custom'><model>EPYC-Milan</model></cpu>
      <devices><emulator>/usr/bin/qemu</emulator></devices>
      <launchSecurity type='sev' kernelHashes='yes'><policy>0x0007</policy></launchSecurity>
    </domain>
    """

  static func definition(_ xml: String = full) throws -> GuestDefinition {
    try GuestDefinition(domain: parsed(xml))
  }

  @Test func `is read exactly`() throws {
    let definition = try Self.definition()
    #expect(
      definition.name == "web1" && definition.virtType == "kvm" && definition.emulator == "/usr/bin/qemu")
    #expect(definition.uuid?.rawValue == "8f0752f4-4131-437c-b071-12cbe79d4e3c")
    #expect(definition.vcpus == 2, "those that exist at the launch")
    #expect(definition.memory == 512 << 20 && definition.cpu == .named("EPYC-Milan"))
    #expect(definition.loader?.path == "/ovmf.fd" && definition.loader?.type == "pflash")
    #expect(definition.kernel == "/vmlinuz" && definition.initrd == "/initrd")
    #expect(definition.commandLine == "root=/dev/vda  ro ", "blanks of a command line are measured")
    let security = try #require(definition.launchSecurity)
    #expect(security.type == .sevES && security.policy.rawValue == 7 && security.kernelHashes)
    #expect(security.session == nil && security.dhCert == nil)
    #expect(!definition.hasNVRAM && !definition.autoselectsFirmware)
  }

  @Test func `has libvirt's defaults where nothing is said`() throws {
    let definition = try Self.definition("<domain><name>a</name><memory>1048576</memory></domain>")
    #expect(definition.virtType == "kvm" && definition.vcpus == 1 && definition.cpu == .unspecified)
    #expect(definition.memory == 1 << 30, "KiB")
    #expect(definition.launchSecurity == nil && definition.loader == nil && definition.uuid == nil)
    #expect(definition.kernel == nil && definition.commandLine == nil && definition.emulator == nil)
  }

  @Test func `the ES bit makes SEV-ES of libvirt's one type`() throws {
    for (policy, type) in [("0x0003", LaunchType.sev), ("3", .sev), ("0x0007", .sevES), ("f", .sevES)] {
      let xml = Self.full.replacing("0x0007", with: policy)
      #expect(try Self.definition(xml).launchSecurity?.type == type)
    }
    let snp = Self.full.replacing("type='sev'", with: "type='sev-snp'").replacing("0x0007", with: "0x30000")
    #expect(try Self.definition(snp).launchSecurity?.policy == PolicyValue(type: .sevSNP, rawValue: 0x30000))
  }

  @Test(arguments: [
    ("<name>web1</name>", "<name>a/b</name>"), ("<name>web1</name>", ""),
    ("8f0752f4-4131-437c-b071-12cbe79d4e3c", "8f0752f4"), ("<memory unit='MiB'>512</memory>", ""),
    ("unit='MiB'>512", "unit='MiB'>-1"), ("unit='MiB'>512", "unit='MiB'>0"),
    ("unit='MiB'>512", "unit='acre'>1"),
    ("unit='MiB'>512", "unit='TiB'>18446744073709551615"), ("unit='MiB'>512", "unit='TiB'>65"),
    ("current='2'", "current='0'"), ("current='2'", "current='4097'"), ("current='2'", "current='two'"),
    ("mode='custom'", "mode='guess'"), ("type='sev'", "type='tdx'"), ("type='sev' ", ""), ("0x0007", ""),
    ("0x0007", "0x100000000"), ("0x0007", "seven"), ("0x0007", "+7"), ("0x0007", "-7"), ("0x0007", "0x"),
    ("domain", "network"),
  ])
  func `is refused where a fact cannot be read`(_ old: String, _ new: String) {
    #expect(throws: GuestDefinitionProblem.self) {
      try Self.definition(Self.full.replacing(old, with: new))
    }
  }

  /// An edit of the document, and the names of what it changes in the eyes of a launch.
  static let drifts: [(String, String, [String])] = [
    ("<name>web1</name>", "<name>web2</name>", ["name"]),
    ("<policy>0x0007", "<policy>0x0006", ["policy"]),
    ("<policy>0x0007", "<policy>0x0003", ["launch security", "policy"]),
    ("<policy>0x0007", "<policy>0x000f", ["policy"]), ("<policy>0x0007", "<policy>0x1000007", ["policy"]),
    (" kernelHashes='yes'", " kernelHashes='no'", ["kernel hashes"]),
    (" kernelHashes='yes'", "", ["kernel hashes"]),
    (" /ovmf.fd", " /other.fd", ["firmware"]), ("type='pflash'", "type='rom'", ["firmware"]),
    ("<kernel>/vmlinuz<", "<kernel>/other<", ["kernel"]), ("<kernel>/vmlinuz</kernel>", "", ["kernel"]),
    ("<initrd>/initrd<", "<initrd>/other<", ["initrd"]), ("<initrd>/initrd</initrd>", "", ["initrd"]),
    ("root=/dev/vda  ro ", "root=/dev/vda  rw ", ["command line"]),
    ("root=/dev/vda  ro ", "root=/dev/vda ro ", ["command line"]),
    ("root=/dev/vda  ro ", "root=/dev/vda  ro", ["command line"]),
    ("<cmdline>root=/dev/vda  ro </cmdline>", "", ["command line"]),
    ("current='2'", "current='3'", ["vCPUs"]), ("current='2'", "", ["vCPUs"]),
    ("EPYC-Milan", "EPYC-Rome", ["CPU model"]), ("mode='custom'", "mode='host-passthrough'", ["CPU model"]),
    ("mode='custom'", "mode='host-model'", ["CPU model"]), ("mode='custom'", "mode='maximum'", ["CPU model"]),
    ("<os>", "<os><nvram>/vars.fd</nvram>", ["NVRAM"]), ("<os>", "<os><nvram/>", ["NVRAM"]),
    ("type='sev'", "type='sev-snp'", ["launch security", "policy"]),
  ]

  @Test(arguments: drifts.indices)
  func `drifts by name, whichever of the two is looked at first`(_ index: Int) throws {
    let (old, new, names) = Self.drifts[index]
    let recorded = try Self.definition()
    let edited = Self.full.replacing(old, with: new)
    #expect(edited != Self.full)
    let other = try Self.definition(edited)
    #expect(recorded.drift(to: other) == names)
    #expect(other.drift(to: recorded) == names)
    #expect(other.drift(to: other) == [])
  }

  @Test func `drifts where launch security is gone`() throws {
    let other = try Self.definition(DocumentEdit.without("launchSecurity", in: Self.full))
    #expect(try Self.definition().drift(to: other) == ["launch security", "policy", "kernel hashes"])
  }

  /// What libvirt fills in, and what no measurement knows.
  @Test(arguments: [
    ("type='kvm'>", "type='kvm' id='7'>"), ("<memory unit='MiB'>512", "<memory unit='KiB'>524288"),
    ("</memory>", "</memory><currentMemory unit='MiB'>512</currentMemory>"),
    ("/usr/bin/qemu", "/usr/bin/cvm-qemu"),
    ("</emulator>", "</emulator><memballoon model='none'/>"),
    ("<policy>0x0007", "<cbitpos>51</cbitpos><policy>0x0007"),
    ("<policy>0x0007", "<policy>7"), (" /ovmf.fd\n", "/ovmf.fd"),
  ])
  func `does not drift in what the host fills in`(_ old: String, _ new: String) throws {
    let edited = Self.full.replacing(old, with: new)
    #expect(edited != Self.full)
    #expect(try Self.definition().drift(to: Self.definition(edited)) == [])
  }

  @Test func `a CPU that the host chooses has a signature only where the host is asked`() throws {
    let host = try #require(CPUSignature(family: 25, model: 1, stepping: 1))
    func signature(_ cpu: String, host: CPUSignature?) throws -> CPUSignature? {
      try Self.definition("<domain><name>a</name><memory>1024</memory>\(cpu)</domain>").cpuSignature(
        host: host)
    }
    #expect(try signature("<cpu mode='host-passthrough'/>", host: host) == host)
    #expect(try signature("<cpu mode='host-passthrough'/>", host: nil) == nil)
    #expect(try signature("<cpu mode='host-model'/>", host: host) == nil)
    #expect(try signature("<cpu mode='maximum'/>", host: host) == nil)
    #expect(try signature("<cpu><model>EPYC-Milan</model></cpu>", host: nil) == host)
    #expect(try signature("<cpu><model>Opteron_G1</model></cpu>", host: host) == nil)
  }
}
