import Bytes
package import Documents
import SEV

/// A guest file: YAML of a few keys, from which the whole domain XML is made.
///
/// ```yaml
/// name: web1
/// vcpus: 2
/// memory: 1GiB
/// firmware: /usr/share/OVMF/OVMF_CODE.fd
/// launch: {type: sev-es, policy: default}
/// disks: [{source: /var/lib/libvirt/images/web1.qcow2, target: vda}]
/// networks: [{network: default}]
/// labels: {role: web}
/// secrets: [{name: disk, guid: luks-key, key: disk/web1}]
/// ```
package struct GuestFile: Equatable, Sendable {
  package var name: String
  package var uuid: GuestUUID?
  package var tenant: String?
  package var virtType = "kvm"
  package var machine = "q35"
  package var emulator: String?
  package var cpu: String?
  package var vcpus = 1
  /// Bytes.
  package var memory: UInt64
  package var firmware: String?
  package var kernel: String?
  package var initrd: String?
  package var commandLine: String?
  package var disks: [Disk] = []
  package var networks: [Network] = []
  package var serial: Serial = .pty
  package var labels: [String: String] = [:]
  package var launch: Launch?
  package var secrets: [GuestSecret] = []

  package struct Disk: Equatable, Sendable {
    package var source: String
    package var target: String
    package var format: String
    package var isBlockDevice: Bool
    package var isReadOnly: Bool
  }

  package enum Network: Equatable, Sendable {
    case network(String, mac: String?)
    case bridge(String, mac: String?)
  }

  package enum Serial: Equatable, Sendable {
    case none, pty
    case file(String)
  }

  package struct Launch: Equatable, Sendable {
    package var type: LaunchType
    /// A policy's name or number.
    package var policy: String
  }
}

/// A launch secret that a guest expects, by the name that `start --secret NAME=@FILE` uses.
package struct GuestSecret: Equatable, Codable, Sendable {
  package var name: String
  /// A GUID's text, lower case.
  package var guid: String
  /// The tenant's key that it is, where no other is given.
  package var key: String?

  package init(name: String, guid: String, key: String? = nil) {
    self.name = name
    self.guid = guid
    self.key = key
  }
}

extension GuestSecret {
  static let keyMark = "key:"

  /// As the store keeps it beside the name: the GUID, and behind a blank `key:NAME`.
  var stored: String { guid + (key.map { " " + Self.keyMark + $0 } ?? "") }

  init(name: String, stored: String) {
    let words = stored.split(separator: " ", maxSplits: 1)
    let mark = words.dropFirst().first { $0.hasPrefix(Self.keyMark) }
    self.init(
      name: name, guid: words.first.map(String.init) ?? "",
      key: mark.map { String($0.dropFirst(Self.keyMark.count)) })
  }

  /// All secrets of a guest's row, by name.
  static func all(stored text: String) -> [GuestSecret] {
    NamedTexts.parse(text).sorted { $0.key < $1.key }.map { GuestSecret(name: $0.key, stored: $0.value) }
  }
}

extension GuestFile {
  /// Reads a guest file. Unknown keys, wrong kinds of values and values out of range are errors with their line.
  package init(parsing root: YAMLNode) throws(GuestDefinitionProblem) {
    let top = try Fields(root, of: "the guest file")
    name = try top.name("name")
    uuid = try top.text("uuid").map { text, line throws(GuestDefinitionProblem) in
      guard let uuid = GuestUUID(rawValue: text) else {
        throw GuestDefinitionProblem(line: line, "uuid is not a UUID")
      }
      return uuid
    }
    tenant = try top.plain("tenant")
    virtType = try top.choice("virt", of: ["kvm", "qemu"]) ?? "kvm"
    machine = try top.plain("machine") ?? "q35"
    emulator = try top.path("emulator")
    cpu = try top.plain("cpu")
    vcpus = try top.count("vcpus", 1...4096) ?? 1
    memory = try top.memory("memory")
    firmware = try top.path("firmware")
    kernel = try top.path("kernel")
    initrd = try top.path("initrd")
    commandLine = try top.plain("cmdline")
    disks = try top.list("disks").enumerated().map { index, node throws(GuestDefinitionProblem) in
      try Disk(parsing: node, index: index)
    }
    networks = try top.list("networks").map { node throws(GuestDefinitionProblem) in
      try Network(parsing: node)
    }
    serial = try Serial(parsing: top.node("serial"))
    labels = try Self.labels(top.node("labels"))
    launch = try top.node("launch").map { node throws(GuestDefinitionProblem) in try Launch(parsing: node) }
    secrets = try top.list("secrets").map { node throws(GuestDefinitionProblem) in
      try GuestSecret(parsing: node)
    }
    try top.finish()
    guard kernel != nil || (initrd == nil && commandLine == nil) else {
      throw GuestDefinitionProblem(line: root.line, "initrd and cmdline need a kernel")
    }
  }

  private static func labels(_ node: YAMLNode?) throws(GuestDefinitionProblem) -> [String: String] {
    guard let node else { return [:] }
    guard let entries = node.mapping else {
      throw GuestDefinitionProblem(line: node.line, "labels is a mapping of key to value")
    }
    var labels: [String: String] = [:]
    for (key, value) in entries {
      guard let text = value.scalarText else {
        throw GuestDefinitionProblem(line: value.line, "a label's value is plain text")
      }
      do {
        try GuestLabels.check(key, text)
      } catch {
        throw GuestDefinitionProblem(line: value.line, error.problem)
      }
      labels[key] = text
    }
    return labels
  }
}

extension GuestFile.Disk {
  fileprivate init(parsing node: YAMLNode, index: Int) throws(GuestDefinitionProblem) {
    let fields = try Fields(node, of: "a disk")
    source = try fields.required("source", try fields.path("source"))
    let letter = index < 26 ? String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index))) : ""
    target = try fields.plain("target") ?? "vd" + letter
    format =
      try fields.choice("format", of: ["raw", "qcow2"]) ?? (source.hasSuffix(".qcow2") ? "qcow2" : "raw")
    isBlockDevice = source.hasPrefix("/dev/")
    isReadOnly = try fields.flag("readonly") ?? false
    try fields.finish()
    guard target.utf8.count >= 3,
      target.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
    else {
      throw GuestDefinitionProblem(line: node.line, "a disk's target is a name such as vda")
    }
  }
}

extension GuestFile.Network {
  fileprivate init(parsing node: YAMLNode) throws(GuestDefinitionProblem) {
    let fields = try Fields(node, of: "a network")
    let mac = try fields.plain("mac")
    switch (try fields.plain("network"), try fields.plain("bridge")) {
    case (let name?, nil): self = .network(name, mac: mac)
    case (nil, let name?): self = .bridge(name, mac: mac)
    default: throw GuestDefinitionProblem(line: node.line, "a network has either 'network' or 'bridge'")
    }
    try fields.finish()
  }
}

extension GuestFile.Serial {
  fileprivate init(parsing node: YAMLNode?) throws(GuestDefinitionProblem) {
    guard let node else {
      self = .pty
      return
    }
    switch node.scalarText {
    case "pty": self = .pty
    case "none": self = .none
    case .some: throw GuestDefinitionProblem(line: node.line, "serial is pty, none or {file: PATH}")
    case nil:
      let fields = try Fields(node, of: "serial")
      self = .file(try fields.required("file", try fields.path("file")))
      try fields.finish()
    }
  }
}

extension GuestFile.Launch {
  fileprivate init(parsing node: YAMLNode) throws(GuestDefinitionProblem) {
    let fields = try Fields(node, of: "launch")
    let word = try fields.required("type", try fields.choice("type", of: LaunchType.allCases.map(\.rawValue)))
    guard let type = LaunchType(rawValue: word) else {
      throw GuestDefinitionProblem(line: node.line, "unknown launch type")
    }
    self.type = type
    policy = try fields.plain("policy") ?? "default"
    try fields.finish()
  }
}

extension GuestSecret {
  fileprivate init(parsing node: YAMLNode) throws(GuestDefinitionProblem) {
    let fields = try Fields(node, of: "a secret")
    let line = node.line
    name = try fields.name("name")
    let text = try fields.plain("guid") ?? "luks-key"
    guard let guid = SecretTable.guid(named: text) else {
      throw GuestDefinitionProblem(line: line, "a secret's guid is a GUID or 'luks-key'")
    }
    self.guid = guid.description
    key = try fields.plain("key")
    if let key {
      do { _ = try KeyName.check(key) } catch {
        throw GuestDefinitionProblem(line: line, "a secret's key is the name of a key")
      }
    }
    try fields.finish()
    guard !name.contains("=") else { throw GuestDefinitionProblem(line: line, "a secret's name has no '='") }
  }
}
