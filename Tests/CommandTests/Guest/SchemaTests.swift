import Foundation
import TestHarness
import Testing

/// What guest files become, held against libvirt's own RNG schema by xmllint.
@Suite("generated domains") struct SchemaTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  static let guests: [(name: String, lines: [String])] = [
    ("the smallest", []), ("KVM", ["virt: kvm"]), ("another machine", ["machine: pc-q35-7.2"]),
    ("many vCPUs", ["vcpus: 255"]), ("odd memory", ["memory: 1048577"]), ("much memory", ["memory: 4TiB"]),
    ("a UUID", ["uuid: 8f0752f4-4131-437c-b071-12cbe79d4e3c"]),
    ("an emulator", ["emulator: /usr/local/bin/qemu-system-x86_64"]),
    ("host CPU", ["cpu: host-passthrough"]), ("host model", ["cpu: host-model"]),
    ("maximum", ["cpu: maximum"]),
    (
      "a kernel",
      [
        "kernel: /boot/vmlinuz", "initrd: /boot/initrd.img",
        "cmdline: 'console=ttyS0 root=/dev/vda1 a=\"<&>\"'",
      ]
    ),
    (
      "disks",
      ["disks: [{source: /a.qcow2}, {source: /b.img, readonly: true}, {source: /dev/vg/c, target: vdz}]"]
    ),
    ("networks", ["networks: [{network: default}, {bridge: br0, mac: '52:54:00:12:34:56'}]"]),
    ("no serial port", ["serial: none"]), ("a serial file", ["serial: {file: /var/log/web1.log}"]),
    ("labels", ["labels: {role: web, tier: 'front & <back>', empty: ''}"]),
    ("a name of markup", ["name: \"a<b>&'\\\" c\""]), ("paths with blanks", ["kernel: '/boot/my kernel'"]),
  ]

  @Test(arguments: guests.map(\.name), [nil, "sev", "sev-es", "sev-snp"])
  func `validate`(_ name: String, _ type: String?) throws {
    let lines = try #require(Self.guests.first { $0.name == name }).lines
    var all = ["name: web1", "memory: 512MiB", "firmware: /usr/share/OVMF/OVMF_CODE.fd"]
      .filter { line in !lines.contains { $0.prefix { $0 != ":" } == line.prefix { $0 != ":" } } }
    if let type { all.append("launch: {type: \(type)}") }
    let file = try sandbox.directory.write((all + lines).joined(separator: "\n") + "\n", to: "guest.yaml")
    let xml = try sandbox.succeed("define", "--dry-run", file).stdout
    let document = try sandbox.directory.write(xml, to: "domain.xml")
    // libvirt 9.0's schema knows no sev-snp yet.
    let valid = try Tool("/usr/bin/xmllint").run(
      "--noout", "--relaxng", "/usr/share/libvirt/schemas/domain.rng", document)
    if type == "sev-snp", valid.status != 0 {
      #expect(valid.stderr.contains("launchSecurity"), "\(valid.stderr)\(xml)")
    } else {
      #expect(valid.status == 0, "\(valid.stderr)\(xml)")
    }
  }

  @Test func `a SEV guest's virtio devices sit behind the IOMMU, a plain guest's do not`() throws {
    let lines = "disks: [{source: /a.img}]\nnetworks: [{network: default}]\n"
    for (launch, count) in [("launch: {type: sev}\n", 2), ("", 0)] {
      let file = try sandbox.directory.write(
        "name: web1\nmemory: 512MiB\n" + lines + launch, to: "guest.yaml")
      let xml = ParsedXML(try sandbox.succeed("define", "--dry-run", file).stdout)
      #expect(try xml.values("//driver/@iommu") == Array(repeating: "on", count: count))
    }
  }

  @Test func `what libvirt's test driver makes of a guest file is what was asked for`() throws {
    let file = try sandbox.directory.write(
      "name: \"a<b>&'\"\nvirt: kvm\nmemory: 512MiB\nvcpus: 3\nlabels: {role: web}\n", to: "guest.yaml")
    // The test driver defines only its own type of domain.
    let xml = try sandbox.succeed("define", "--dry-run", file).stdout.replacing(
      "type='kvm'", with: "type='test'")
    let tool = sandbox.bare.with("--state-dir", sandbox.state, "-c", "test:///default")
    let defined = try tool.run(["define", "-"], stdin: Data(xml.utf8))
    #expect(defined.status == 0, "\(defined.stderr)")
  }
}
