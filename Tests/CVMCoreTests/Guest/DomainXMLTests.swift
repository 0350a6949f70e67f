import CVMCore
import Documents
import Testing

@Suite("the domain document of a guest file") struct DomainXMLTests {
  static let uuid = GuestUUID(rawValue: "8f0752f4-4131-437c-b071-12cbe79d4e3c")

  private func domain(_ lines: String...) throws -> XMLElement {
    let own = lines.contains { $0.hasPrefix("name:") } ? [] : ["name: web1"]
    let text = (own + ["memory: 1GiB"] + lines).joined(separator: "\n") + "\n"
    let domain = try GuestFile(parsing: YAMLText.tree(Array(text.utf8))).domainXML(uuid: #require(Self.uuid))
    // What is read back is what counts.
    return try parsed(XMLText.serialize(domain))
  }

  /// A YAML scalar of any text.
  private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

  static let markup = [
    "<&>", "a\"b'c", "]]>", "<!--", "&amp;", "&#10;", "<a b='c'>", "a  b", "%s$(id)`id`", "ü名",
  ]

  @Test(arguments: markup)
  func `carries a name, paths and a command line exactly`(_ text: String) throws {
    let domain = try domain(
      "name: \(quoted(text))", "firmware: \(quoted("/fw/\(text)"))", "kernel: \(quoted("/k/\(text)"))",
      "initrd: \(quoted("/i/\(text)"))", "cmdline: \(quoted(text))", "emulator: \(quoted("/e/\(text)"))",
      "machine: \(quoted(text))", "cpu: \(quoted(text))", "serial: {file: \(quoted("/s/\(text)"))}",
      "disks: [{source: \(quoted("/d/\(text)"))}]",
      "networks: [{bridge: \(quoted(text)), mac: \(quoted(text))}]"
    )
    #expect(domain.text(at: "name") == text && domain.text(at: "os/loader") == "/fw/\(text)")
    #expect(domain.text(at: "os/kernel") == "/k/\(text)" && domain.text(at: "os/initrd") == "/i/\(text)")
    #expect(domain.text(at: "os/cmdline") == text && domain.text(at: "devices/emulator") == "/e/\(text)")
    #expect(domain.attribute("machine", at: "os/type") == text && domain.text(at: "cpu/model") == text)
    #expect(domain.attribute("path", at: "devices/serial/source") == "/s/\(text)")
    #expect(domain.attribute("file", at: "devices/disk/source") == "/d/\(text)")
    #expect(domain.attribute("bridge", at: "devices/interface/source") == text)
    #expect(domain.attribute("address", at: "devices/interface/mac") == text)
    let definition = try GuestDefinition(domain: domain)
    #expect(definition.name == text && definition.commandLine == text && definition.kernel == "/k/\(text)")
  }

  @Test(arguments: markup)
  func `carries labels exactly, and reads them back`(_ text: String) throws {
    var domain = try domain()
    DomainXML.setMetadata(tenant: "acme", policy: ("web", 3), labels: ["role": text, "b": ""], in: &domain)
    let read = try parsed(XMLText.serialize(domain))
    #expect(DomainXML.labels(in: read) == ["role": text, "b": ""])
    let guest = try #require(read.child("metadata")?.elements.first)
    #expect(guest.attribute("tenant") == "acme" && guest.elements.first?.attribute("version") == "3")
  }

  @Test func `keeps the metadata of others, and one element of its own`() throws {
    var domain = try parsed(
      "<domain><name>a</name><metadata><x:y xmlns:x='urn:x'>1</x:y></metadata></domain>")
    for value in ["1", "2"] {
      DomainXML.setMetadata(tenant: "acme", policy: nil, labels: ["k": value], in: &domain)
    }
    let metadata = try #require(domain.child("metadata"))
    #expect(metadata.elements.map(\.name) == ["x:y", "cvmctl:guest"])
    #expect(DomainXML.labels(in: domain) == ["k": "2"])
  }

  @Test func `reads no labels that cvmctl would not write`() throws {
    let domain = try parsed(
      """
      <domain><metadata><cvmctl:guest xmlns:cvmctl='urn:cvmctl:guest:1'><cvmctl:label key='a b' value='x'/>
      <cvmctl:label key='ok' value='x'/><cvmctl:label key='noval'/></cvmctl:guest>
      <o:guest xmlns:o='urn:other'><o:label key='theirs' value='x'/></o:guest></metadata></domain>
      """)
    #expect(DomainXML.labels(in: domain) == ["ok": "x"])
  }

  @Test func `says what every guest is made of`() throws {
    let domain = try domain("vcpus: 3", "virt: qemu")
    #expect(domain.attribute("type") == "qemu" && domain.text(at: "vcpu") == "3")
    #expect(domain.text(at: "uuid") == Self.uuid?.rawValue)
    #expect(domain.text(at: "memory") == "1048576" && domain.attribute("unit", at: "memory") == "KiB")
    #expect(
      domain.child("memtune") == nil && domain.child("cpu") == nil && domain.child("launchSecurity") == nil)
    #expect(domain.attribute("model", at: "devices/memballoon") == "none")
    #expect(domain.text(at: "on_reboot") == "restart")
  }

  @Test func `a memory that is no whole KiB is rounded up`() throws {
    let text = "name: a\nmemory: 1048577\n"
    let file = try GuestFile(parsing: YAMLText.tree(Array(text.utf8)))
    #expect(try file.domainXML(uuid: #require(Self.uuid)).text(at: "memory") == "1025")
  }

  @Test func `a confidential guest is locked in memory under KVM, and never reboots by itself`() throws {
    for type in ["sev", "sev-es"] {
      let domain = try domain("launch: {type: \(type)}")
      let limit = try #require(domain.text(at: "memtune/hard_limit").flatMap { Int($0) })
      #expect(limit >= 1_048_576 + 262_144)
      #expect(domain.text(at: "on_reboot") == "destroy")
    }
    #expect(try domain("launch: {type: sev}", "virt: qemu").child("memtune") == nil)
  }

  @Test func `firmware has no variable store`() throws {
    let loader = try #require(domain("firmware: /ovmf.fd", "launch: {type: sev}").element(at: "os/loader"))
    #expect(loader.attribute("type") == "pflash" && loader.attribute("readonly") == "yes")
    #expect(loader.attribute("stateless") == "yes")
    let snp = try #require(domain("firmware: /ovmf.fd", "launch: {type: sev-snp}").element(at: "os/loader"))
    #expect(snp.attribute("type") == "rom")
  }

  @Test func `launch security takes a policy, and drops what belongs to one launch`() throws {
    var domain = try parsed(
      """
      <domain><launchSecurity type='sev-snp'><policy>1</policy><idBlock>x</idBlock><session>s</session>
      <dhCert>d</dhCert></launchSecurity></domain>
      """)
    let policy = PolicyValue(type: .sevES, rawValue: 7)
    DomainXML.setLaunchSecurity(.sevES, policy: policy, kernelHashes: true, in: &domain)
    let security = try #require(domain.child("launchSecurity"))
    #expect(security.attribute("type") == "sev" && security.attribute("kernelHashes") == "yes")
    #expect(security.child("policy")?.text == "0x0007" && security.child("idBlock")?.text == "x")
    #expect(security.child("session") == nil && security.child("dhCert") == nil)
  }

  @Test func `a launch adds certificate and session to a copy`() throws {
    let domain = try parsed("<domain><launchSecurity type='sev'><policy>3</policy></launchSecurity></domain>")
    let launching = DomainXML.launching(domain, dhCert: "DD==", session: "SS==")
    #expect(launching.text(at: "launchSecurity/dhCert") == "DD==")
    #expect(launching.text(at: "launchSecurity/session") == "SS==")
    #expect(launching.text(at: "launchSecurity/policy") == "3")
    #expect(domain.element(at: "launchSecurity/session") == nil)
  }

  @Test func `every virtio device sits behind the IOMMU, and no other`() throws {
    var domain = try parsed(
      """
      <domain><devices>
      <disk><driver name='qemu'/><target dev='vda' bus='virtio'/></disk><disk><target dev='sda' bus='sata'/></disk>
      <interface type='network'><model type='virtio'/></interface><interface type='network'><model type='e1000'/></interface>
      <controller type='virtio-serial'/><controller type='scsi' model='virtio-scsi'/><controller type='usb' model='none'/>
      <rng model='virtio'/><memballoon model='virtio'/><memballoon model='none'/><vsock model='virtio'/>
      <input type='tablet' bus='virtio'/><input type='tablet' bus='usb'/>
      <filesystem><driver type='virtiofs'/></filesystem><serial type='pty'/>
      </devices></domain>
      """)
    DomainXML.setVirtioIOMMU(in: &domain)
    let devices = try #require(domain.child("devices")).elements
    #expect(
      devices.map { $0.child("driver")?.attribute("iommu") == "on" } == [
        true, false, true, false, true, true, false, true, true, false, true, true, false, true, false,
      ])
    #expect(devices[0].child("driver")?.attribute("name") == "qemu", "what stood there stays")
  }
}
