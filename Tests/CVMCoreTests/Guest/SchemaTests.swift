import CVMCore
import Documents
import TestHarness
import Testing

/// What guest files become, with the policy resolved, held against libvirt's own RNG schema.
@Suite("defined guests") struct SchemaTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  static let shapes: [(name: String, lines: [String])] = [
    ("the smallest", []), ("KVM", ["virt: kvm"]), ("another machine", ["machine: pc-q35-7.2"]),
    ("many vCPUs", ["vcpus: 255"]), ("odd memory", ["memory: 1048577"]),
    ("a UUID", ["uuid: 8f0752f4-4131-437c-b071-12cbe79d4e3c"]),
    ("an emulator", ["emulator: /usr/bin/qemu-system-x86_64"]),
    ("the host's CPU", ["cpu: host-passthrough"]), ("the host's model", ["cpu: host-model"]),
    ("a kernel", ["kernel: /boot/vmlinuz", "initrd: /boot/initrd", "cmdline: 'console=ttyS0 a=\"<&>\"'"]),
    (
      "disks",
      ["disks: [{source: /a.qcow2}, {source: /b.img, readonly: true}, {source: /dev/vg/c, target: vdz}]"]
    ),
    ("networks", ["networks: [{network: default}, {bridge: br0, mac: '52:54:00:12:34:56'}]"]),
    ("no serial port", ["serial: none"]), ("a serial file", ["serial: {file: /var/log/web1.log}"]),
    ("labels", ["labels: {role: web, tier: 'front & <back>', empty: ''}"]),
    ("a name of markup", ["name: \"a<b>&'\\\" c\""]),
    ("secrets", ["secrets: [{name: disk}]"]),
    (
      "everything",
      [
        "virt: kvm", "vcpus: 4", "kernel: /k", "initrd: /i", "cmdline: c", "disks: [{source: /dev/vda}]",
        "networks: [{bridge: br0}]", "serial: {file: /l}", "labels: {a: b}", "cpu: EPYC-Milan-v1",
      ]
    ),
  ]

  @Test(arguments: shapes.indices, ["", "sev", "sev-es"])
  func `are valid`(_ index: Int, _ type: String) throws {
    let lines = Self.shapes[index].lines + (type.isEmpty ? [] : ["launch: {type: \(type)}"])
    let file = try desk.scratch.write(desk.yaml(lines), to: "guest.yaml")
    let plan = try desk.core.planDefinition(DefinitionSource(file), DefinitionOverrides())
    #expect(plan.definition.launchSecurity?.type.rawValue == (type.isEmpty ? nil : type))
    try expectValid(plan.xml)
  }

  @Test func `are valid with the session of a launch`() throws {
    try desk.define("launch: {type: sev-es}", "kernel: \(desk.scratch.file("kernel"))")
    _ = try desk.start()
    let live = try #require(desk.host.live)
    #expect(live.contains("<session>"))
    try expectValid(live)
  }

  @Test func `would not be valid with an element that libvirt does not know`() throws {
    let file = try desk.scratch.write(desk.yaml(["launch: {type: sev}"]), to: "guest.yaml")
    let plan = try desk.core.planDefinition(DefinitionSource(file), DefinitionOverrides())
    let xml = DocumentEdit.adding(XMLElement("colour", text: "blue"), to: "launchSecurity", in: plan.xml)
    #expect(try validation(xml).status != 0)
  }

  private func validation(_ xml: String) throws -> Outcome {
    try Tool("/usr/bin/xmllint").run(
      "--noout", "--relaxng", "/usr/share/libvirt/schemas/domain.rng",
      desk.scratch.write(xml, to: "domain.xml"))
  }

  private func expectValid(_ xml: String) throws {
    let outcome = try validation(xml)
    #expect(outcome.status == 0, "\(outcome.stderr)\(xml)")
  }
}
