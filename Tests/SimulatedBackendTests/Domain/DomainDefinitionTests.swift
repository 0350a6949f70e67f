import CVMCore
import SEV
import Testing

@testable import SimulatedBackend

@Suite("Domain documents") struct DomainDefinitionTests {
  private func read(_ xml: String) throws -> DomainDefinition {
    try DomainDefinition(xml: xml) { () throws(BackendError) in
      guard let uuid = GuestUUID(rawValue: "11111111-2222-4333-8444-555555555555") else {
        throw .failed(operation: "test", reason: "no UUID")
      }
      return uuid
    }
  }

  private func refusal(_ document: Document) -> String? {
    do {
      _ = try read(document())
      return nil
    } catch {
      return (error as? BackendError)?.summary
    }
  }

  @Test func `what a launch needs is read`() throws {
    var document = Document()
    document.vcpus = 4
    document.kernel = "<kernel>/k</kernel><initrd>/i</initrd><cmdline>a b</cmdline>"
    document.kernelHashes = " kernelHashes='yes'"
    document.security =
      "<cbitpos>47</cbitpos><reducedPhysBits>5</reducedPhysBits><policy>7</policy><session>AAAA</session>"
    document.onReboot = "<on_reboot>destroy</on_reboot>"
    let found = try read(document())
    #expect(found.name == "web1" && found.uuid.rawValue == document.uuid && found.vcpus == 4)
    #expect(found.maxMemory == 256 << 20 && found.memory == 256 << 20 && found.osType == "hvm")
    #expect(found.boot.firmware == .init(path: "/none", kind: .pflash))
    #expect(found.boot.kernel == "/k" && found.boot.initrd == "/i" && found.boot.commandLine == "a b")
    #expect(found.cpu.model == "qemu64" && found.cpu.signature == CPUSignature(rawValue: 0x60FB1))
    #expect(found.endsOnReboot)
    let security = try #require(found.launchSecurity)
    #expect(security.policy.rawValue == 7 && security.kernelHashes)
    #expect(security.cbitPosition == 47 && security.reducedPhysicalBits == 5)
    #expect(security.session == "AAAA" && security.certificate == nil)
  }

  @Test func `a document without UUID gets one`() throws {
    var document = Document()
    document.uuid = ""
    let found = try read(document())
    #expect(found.uuid.rawValue == "11111111-2222-4333-8444-555555555555")
    #expect(try found.text().contains("<uuid>11111111-2222-4333-8444-555555555555</uuid>"))
  }

  @Test(
    arguments: [
      ("<memory>1024</memory>", 1 << 20), ("<memory unit='b'>1000</memory>", 1000),
      ("<memory unit='bytes'>1</memory>", 1), ("<memory unit='KB'>2</memory>", 2000),
      ("<memory unit='k'>2</memory>", 2048), ("<memory unit='KiB'>2</memory>", 2048),
      ("<memory unit='MB'>2</memory>", 2_000_000), ("<memory unit='M'>2</memory>", 2 << 20),
      ("<memory unit='GB'>2</memory>", 2_000_000_000), ("<memory unit='GiB'>2</memory>", 2 << 30),
      ("<memory unit='TB'>1</memory>", 1_000_000_000_000), ("<memory unit='T'>1</memory>", 1 << 40),
    ] as [(String, UInt64)])
  func `libvirt's units`(_ size: (xml: String, bytes: UInt64)) throws {
    var document = Document()
    document.memory = size.xml
    #expect(try read(document()).maxMemory == size.bytes)
  }

  @Test(arguments: [
    "", "<memory/>", "<memory>0</memory>", "<memory>-1</memory>", "<memory>x</memory>",
    "<memory unit='acre'>1</memory>", "<memory unit='TiB'>99999999</memory>",
    "<memory>18446744073709551615</memory>", "<memory>99999999999999999999</memory>",
    "<memory>1</memory><memory>1</memory>",
  ]) func `no memory is guessed`(_ xml: String) {
    var document = Document()
    document.memory = xml
    #expect(refusal(document) != nil)
  }

  @Test(arguments: [("0x0003", 3), ("3", 3), ("10", 16), ("0xffffffff", 0xFFFF_FFFF), ("00000000005", 5)])
  func `policies are hexadecimal`(_ policy: (text: String, value: UInt32)) throws {
    var document = Document()
    document.security = "<policy>\(policy.text)</policy>"
    #expect(try read(document()).launchSecurity?.policy.rawValue == policy.value)
  }

  @Test(arguments: ["", "0x", "0X3", "0xA", " 3", "3 ", "-1", "+1", "0x100000000", "0x0x3", "g"])
  func `nothing else is a policy`(_ text: String) {
    var document = Document()
    document.security = "<policy>\(text)</policy>"
    #expect(refusal(document) == "XML error: failed to get launch security policy")
  }

  @Test(arguments: [
    "", "<cbitpos>51</cbitpos>", "<policy>3</policy><policy>3</policy>", "<policy>3</policy><other/>",
    "<policy>3</policy><cbitpos>0x33</cbitpos>", "<policy>3</policy><cbitpos>99999999999</cbitpos>",
    "<policy>3</policy><reducedPhysBits>-1</reducedPhysBits>",
  ]) func `launch security of another shape is refused`(_ xml: String) {
    var document = Document()
    document.security = xml
    #expect(refusal(document) != nil)
  }

  @Test func `kernelHashes is yes or no`() {
    var document = Document()
    for (text, isGood) in [("yes", true), ("no", true), ("on", false), ("", false)] {
      document.kernelHashes = " kernelHashes='\(text)'"
      #expect((refusal(document) == nil) == isGood)
    }
  }

  @Test func `SEV-SNP and TDX are told apart from a mistake`() throws {
    let xml = Document()()
    let snp = #expect(throws: BackendError.self) {
      _ = try read(xml.replacing("type='sev'", with: "type='sev-snp'"))
    }
    guard case .unsupported? = snp else {
      Issue.record("another error")
      return
    }
    let other = #expect(throws: BackendError.self) {
      _ = try read(xml.replacing("type='sev'", with: "type='tdx'"))
    }
    #expect(
      other == .malformed("Invalid value for attribute 'type' in element 'launchSecurity'"))
  }

  @Test func `names, vCPUs, loaders and domain types are checked`() throws {
    let xml = Document()()
    let bad = [
      ("<name>web1</name>", "<name>a/b</name>"), ("<name>web1</name>", "<name></name>"),
      ("<name>web1</name>", "<name>a\nb</name>"), ("<vcpu>1</vcpu>", "<vcpu>0</vcpu>"),
      ("<vcpu>1</vcpu>", "<vcpu>9999</vcpu>"), ("<vcpu>1</vcpu>", "<vcpu current='2'>1</vcpu>"),
      ("type='pflash'", "type='floppy'"), ("</loader>", "</loader><nvram/>"),
      ("<domain type='qemu'>", "<domain>"), ("<domain type='qemu'>", "<domain type='xen'>"),
      ("<features>", "<surprise/><features>"), ("mode='custom'", "mode='guess'"),
      ("8f0752f4", "8f0752fg"), ("<type arch='x86_64' machine='q35'>hvm</type>", ""),
    ]
    for (good, wrong) in bad {
      #expect(xml.contains(good), "\(good)")
      #expect(throws: BackendError.self, "\(wrong)") { _ = try read(xml.replacing(good, with: wrong)) }
    }
  }

  @Test(
    arguments: [
      ("<cpu mode='custom'><model>EPYC-v4</model></cpu>", 0x0080_0F12),
      ("<cpu mode='host-passthrough'/>", 0x00A0_0F11), ("<cpu mode='host-model'/>", 0x00A0_0F11),
      ("", 0x0006_0FB1), ("<cpu><model>qemu64</model></cpu>", 0x0006_0FB1),
    ] as [(String, UInt32)])
  func `the CPU model gives the signature`(_ cpu: (xml: String, signature: UInt32)) throws {
    var document = Document()
    document.cpu = cpu.xml
    #expect(try read(document()).cpu.signature?.rawValue == cpu.signature)
  }

  @Test func `a model without a known signature has none`() throws {
    var document = Document()
    document.cpu = "<cpu><model>Nehalem</model></cpu>"
    #expect(try read(document()).cpu.signature == nil)
  }

  @Test func `hostile documents end with an error`() {
    let deep = String(repeating: "<a>", count: 100_000)
    let bomb = "<!DOCTYPE d [<!ENTITY a 'aaaa'>]><domain type='kvm'><name>&a;</name></domain>"
    for xml in [deep, bomb, "<domain type='kvm'>\0</domain>", "\u{FFFD}", "<domain type='kvm'/>"] {
      #expect(throws: BackendError.self) { _ = try read(xml) }
    }
  }
}
