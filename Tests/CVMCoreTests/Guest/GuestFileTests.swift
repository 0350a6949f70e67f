import Documents
import Testing

@testable import CVMCore

@Suite("guest files") struct GuestFileTests {
  private func file(_ lines: [String]) throws -> GuestFile {
    try GuestFile(parsing: YAMLText.tree(Array((lines.joined(separator: "\n") + "\n").utf8)))
  }

  private func guest(_ lines: String...) throws -> GuestFile {
    try file(["name: web1", "memory: 1GiB"] + lines)
  }

  @Test func `need a name and a memory, and have defaults for the rest`() throws {
    let file = try guest()
    #expect(file.name == "web1" && file.memory == 1 << 30 && file.virtType == "kvm" && file.machine == "q35")
    #expect(file.vcpus == 1 && file.serial == .pty && file.disks.isEmpty && file.networks.isEmpty)
    #expect(
      file.uuid == nil && file.tenant == nil && file.launch == nil && file.firmware == nil && file.cpu == nil)
    #expect(file.kernel == nil && file.labels.isEmpty && file.secrets.isEmpty && file.emulator == nil)
  }

  @Test func `say everything that a guest is made of`() throws {
    let file = try guest(
      "uuid: 8F0752F44131437CB07112CBE79D4E3C", "tenant: acme", "virt: qemu",
      "machine: pc-q35-7.2", "emulator: /usr/bin/qemu", "cpu: EPYC-Milan", "vcpus: 4", "firmware: /ovmf.fd",
      "kernel: /vmlinuz", "initrd: /initrd", "cmdline: 'a=\"<&>\" b'",
      "disks: [{source: /a.qcow2}, {source: /b.img, target: vdz, readonly: true}, {source: /dev/vg/c, format: raw}]",
      "networks: [{network: default}, {bridge: br0, mac: '52:54:00:12:34:56'}]", "serial: {file: /log}",
      "labels: {role: web, empty: ''}", "launch: {type: sev-es, policy: strict}",
      "secrets: [{name: disk}, {name: other, guid: 0D9F3E1C-8B1E-4F5C-9D84-3A2A0E4B7C11}]")
    #expect(file.uuid?.rawValue == "8f0752f4-4131-437c-b071-12cbe79d4e3c" && file.tenant == "acme")
    #expect(file.virtType == "qemu" && file.machine == "pc-q35-7.2" && file.emulator == "/usr/bin/qemu")
    #expect(file.cpu == "EPYC-Milan" && file.vcpus == 4 && file.firmware == "/ovmf.fd")
    #expect(file.kernel == "/vmlinuz" && file.initrd == "/initrd" && file.commandLine == "a=\"<&>\" b")
    #expect(
      file.disks == [
        .init(source: "/a.qcow2", target: "vda", format: "qcow2", isBlockDevice: false, isReadOnly: false),
        .init(source: "/b.img", target: "vdz", format: "raw", isBlockDevice: false, isReadOnly: true),
        .init(source: "/dev/vg/c", target: "vdc", format: "raw", isBlockDevice: true, isReadOnly: false),
      ])
    #expect(file.networks == [.network("default", mac: nil), .bridge("br0", mac: "52:54:00:12:34:56")])
    #expect(file.serial == .file("/log") && file.labels == ["role": "web", "empty": ""])
    #expect(file.launch == .init(type: .sevES, policy: "strict"))
    #expect(
      file.secrets == [
        GuestSecret(name: "disk", guid: "736869e5-84f0-4973-92ec-06879ce3da0b"),
        GuestSecret(name: "other", guid: "0d9f3e1c-8b1e-4f5c-9d84-3a2a0e4b7c11"),
      ])
  }

  @Test func `ask for the default policy where they name none`() throws {
    #expect(try guest("launch: {type: sev}").launch == .init(type: .sev, policy: "default"))
    #expect(try guest("serial: none").serial == .none && guest("serial: pty").serial == .pty)
  }

  /// One line each that makes a good file a bad one; the problem is told with that line's number.
  @Test(arguments: [
    "nmae: web1", "uuid: 1234", "tenant: ''", "virt: xen", "machine: ''", "machine: \"a\\tb\"",
    "emulator: qemu",
    "cpu: ''", "vcpus: 0", "vcpus: 4097", "vcpus: +1", "vcpus: two", "vcpus: 1.0", "vcpus: [1]",
    "firmware: ovmf.fd",
    "firmware: ../ovmf.fd", "kernel: vmlinuz", "kernel: \"/a\\u202Eb\"", "disks: /a.img", "disks: [/a.img]",
    "disks: [{target: vda}]", "disks: [{source: a.img}]", "disks: [{source: /a, target: v}]",
    "disks: [{source: /a, target: VDA}]", "disks: [{source: /a, target: \"vda'\"}]",
    "disks: [{source: /a, format: vmdk}]",
    "disks: [{source: /a, readonly: maybe}]", "disks: [{source: /a, bus: scsi}]",
    "networks: {network: default}",
    "networks: [{}]", "networks: [{network: a, bridge: b}]", "networks: [{mac: '52:54:00:12:34:56'}]",
    "networks: [{network: a, model: e1000}]", "serial: tty", "serial: {path: /a}", "serial: {file: a}",
    "labels: [a]",
    "labels: {a: [b]}", "labels: {'a b': c}", "labels: {a: \"\\e[31m\"}", "launch: sev", "launch: {}",
    "launch: {type: tdx}", "launch: {type: sev, polcy: x}", "launch: {type: sev, policy: ''}",
    "secrets: luks",
    "secrets: [{}]", "secrets: [{name: a, guid: nothing}]", "secrets: [{name: 'a=b'}]",
    "secrets: [{name: a, size: 3}]",
  ])
  func `are refused for one bad line, which is told`(_ line: String) throws {
    do {
      _ = try guest(line)
      Issue.record("taken")
    } catch let problem as GuestDefinitionProblem {
      #expect(problem.line == 3 && !problem.problem.isEmpty, "\(problem)")
    }
  }

  @Test(arguments: [
    [], ["name: web1"], ["memory: 1GiB"], ["name: web1", "memory: 1023KiB"], ["name: web1", "memory: lots"],
    ["name: web1", "memory: -1"], ["name: a/b", "memory: 1GiB"], ["name: ''", "memory: 1GiB"],
    ["name: [web1]", "memory: 1GiB"], ["- name: web1"], ["web1"],
    ["name: web1", "memory: 1GiB", "initrd: /a"],
    ["name: web1", "memory: 1GiB", "cmdline: a"],
  ])
  func `are refused without what every guest needs`(_ lines: [String]) {
    #expect(throws: (any Error).self) { try file(lines) }
  }

  @Test func `are refused where a key stands twice`() {
    #expect(throws: (any Error).self) { try guest("cpu: EPYC", "cpu: EPYC-Rome") }
    #expect(throws: (any Error).self) { try guest("memory: 2GiB") }
  }

  @Test func `name disks on up to the alphabet's end`() throws {
    let disks = Array(repeating: "{source: /a.img}", count: 26).joined(separator: ", ")
    #expect(try guest("disks: [\(disks)]").disks.map(\.target).last == "vdz")
    #expect(throws: GuestDefinitionProblem.self) { try guest("disks: [\(disks), {source: /a.img}]") }
    #expect(try guest("disks: [\(disks), {source: /a.img, target: vdaa}]").disks.count == 27)
  }
}
