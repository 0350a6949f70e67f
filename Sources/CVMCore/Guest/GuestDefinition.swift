package import Documents
package import SEV

/// What a launch depends on in a guest's domain XML (libvirt's domain format). Everything else in the document is carried, never
/// interpreted.
package struct GuestDefinition: Equatable, Sendable {
  package var name: String
  package var uuid: GuestUUID?
  /// `kvm`, or `qemu` for emulation.
  package var virtType: String
  /// vCPUs that exist at the launch: each one's VMSA is measured.
  package var vcpus: Int
  /// Bytes.
  package var memory: UInt64
  package var cpu: CPUModel
  package var emulator: String?
  package var loader: Loader?
  /// `<os firmware='efi'>`: libvirt chooses the firmware, so nobody can predict its digest.
  package var autoselectsFirmware: Bool
  /// A variable store: it is not measured, so what it holds can change what boots.
  package var hasNVRAM: Bool
  package var kernel: String?
  package var initrd: String?
  package var commandLine: String?
  package var launchSecurity: LaunchSecurity?

  package struct Loader: Equatable, Sendable {
    package var path: String
    /// `rom` (QEMU's -bios) or `pflash`.
    package var type: String
  }

  /// `<launchSecurity>` as it stands in the document.
  package struct LaunchSecurity: Equatable, Sendable {
    package var type: LaunchType
    package var policy: PolicyValue
    package var kernelHashes: Bool
    package var session: String?
    package var dhCert: String?
  }

  /// The guest's CPU model: QEMU loads its signature into RDX at reset, and SEV-ES measures that.
  package enum CPUModel: Equatable, Sendable {
    /// No `<cpu>`: QEMU's default, `qemu64`.
    case unspecified
    case named(String)
    case hostPassthrough
    case hostModel
    case maximum
  }

  /// Reads the facts of a domain document. Throws with the element's name where a fact cannot be read.
  package init(domain: XMLElement) throws(GuestDefinitionProblem) {
    guard domain.name == "domain" else { throw GuestDefinitionProblem("the root element is not <domain>") }
    name = try GuestName.check(domain.child("name")?.text ?? "")
    uuid = try Self.uuid(domain.child("uuid")?.text)
    virtType = domain.attribute("type") ?? "kvm"
    vcpus = try Self.vcpus(domain.child("vcpu"))
    memory = try Self.memory(domain.child("memory"))
    cpu = try Self.cpu(domain.child("cpu"))
    let system = domain.child("os")
    autoselectsFirmware = system?.attribute("firmware") != nil
    loader = system?.child("loader").flatMap { element in
      let path = element.text.trimmingBlanks
      return path.isEmpty ? nil : Loader(path: path, type: element.attribute("type") ?? "rom")
    }
    hasNVRAM = system?.child("nvram") != nil
    kernel = system?.child("kernel")?.text.nonEmpty
    initrd = system?.child("initrd")?.text.nonEmpty
    commandLine = system?.child("cmdline")?.text
    emulator = domain.child("devices")?.child("emulator")?.text.trimmingBlanks.nonEmpty
    launchSecurity = try domain.child("launchSecurity").map(Self.launchSecurity)
  }

  private static func uuid(_ text: String?) throws(GuestDefinitionProblem) -> GuestUUID? {
    guard let text = text?.trimmingBlanks.nonEmpty else { return nil }
    guard let uuid = GuestUUID(rawValue: text) else { throw GuestDefinitionProblem("<uuid> is not a UUID") }
    return uuid
  }

  private static func vcpus(_ element: XMLElement?) throws(GuestDefinitionProblem) -> Int {
    guard let element else { return 1 }
    let text = element.attribute("current") ?? element.text.trimmingBlanks
    guard let count = Int(text), (1...4096).contains(count) else {
      throw GuestDefinitionProblem("<vcpu> is not a number between 1 and 4096")
    }
    return count
  }

  private static func memory(_ element: XMLElement?) throws(GuestDefinitionProblem) -> UInt64 {
    guard let element else { throw GuestDefinitionProblem("<memory> is missing") }
    let unit = element.attribute("unit") ?? "KiB"
    guard let number = UInt64(element.text.trimmingBlanks), let scale = MemorySize.scale(unit) else {
      throw GuestDefinitionProblem("<memory> is not a size")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
    guard !overflow, bytes > 0, bytes <= MemorySize.limit else {
      throw GuestDefinitionProblem("<memory> is out of range")
    }
    return bytes
  }

  private static func cpu(_ element: XMLElement?) throws(GuestDefinitionProblem) -> CPUModel {
    guard let element else { return .unspecified }
    switch element.attribute("mode") ?? "custom" {
    case "host-passthrough": return .hostPassthrough
    case "host-model": return .hostModel
    case "maximum": return .maximum
    case "custom":
      guard let model = element.child("model")?.text.trimmingBlanks.nonEmpty else { return .unspecified }
      return .named(model)
    default: throw GuestDefinitionProblem("<cpu>: unknown mode")
    }
  }

  private static func launchSecurity(_ element: XMLElement) throws(GuestDefinitionProblem) -> LaunchSecurity {
    let isSNP: Bool
    switch element.attribute("type") {
    case "sev": isSNP = false
    case "sev-snp": isSNP = true
    default: throw GuestDefinitionProblem("<launchSecurity>: the type is neither sev nor sev-snp")
    }
    let digits = element.child("policy")?.text.trimmingBlanks ?? ""
    guard let value = UInt64(digits.hasPrefix("0x") ? String(digits.dropFirst(2)) : digits, radix: 16),
      isSNP || value <= UInt64(UInt32.max), !digits.hasPrefix("+")
    else {
      throw GuestDefinitionProblem(
        "<launchSecurity>: <policy> is not a hexadecimal number of the type's width")
    }
    let type: LaunchType = isSNP ? .sevSNP : value & 4 != 0 ? .sevES : .sev
    return LaunchSecurity(
      type: type, policy: PolicyValue(type: type, rawValue: value),
      kernelHashes: element.attribute("kernelHashes") == "yes", session: element.child("session")?.text,
      dhCert: element.child("dhCert")?.text)
  }
}

extension GuestDefinition {
  /// What the guest's CPU model puts into RDX at reset; nil where the host decides and cannot be asked.
  /// - Parameter host: the signature of the host's own CPU, where it is known.
  package func cpuSignature(host: CPUSignature?) -> CPUSignature? {
    switch cpu {
    case .unspecified: CPUSignature(model: "qemu64")
    case .named(let model): CPUSignature(model: model)
    case .hostPassthrough: host
    case .hostModel, .maximum: nil
    }
  }

  /// The facts that may not differ between the recorded definition and what libvirt holds or runs, by name.
  package func drift(to other: GuestDefinition) -> [String] {
    var names: [String] = []
    func compare<Value: Equatable>(_ name: String, _ path: KeyPath<GuestDefinition, Value>) {
      if self[keyPath: path] != other[keyPath: path] { names.append(name) }
    }
    compare("name", \.name)
    compare("launch security", \.launchSecurity?.type)
    compare("policy", \.launchSecurity?.policy)
    compare("kernel hashes", \.launchSecurity?.kernelHashes)
    compare("firmware", \.loader)
    compare("NVRAM", \.hasNVRAM)
    compare("kernel", \.kernel)
    compare("initrd", \.initrd)
    compare("command line", \.commandLine)
    compare("vCPUs", \.vcpus)
    compare("CPU model", \.cpu)
    return names
  }
}

extension StringProtocol {
  /// Without blanks and line ends at both ends (XML's white space, production 3: four ASCII characters).
  package var trimmingBlanks: String {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    let bytes = Substring(self).utf8.drop(while: isBlank)
    guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(decoding: bytes[...last], as: UTF8.self)
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
