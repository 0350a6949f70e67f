import SEV

/// The `sev-guest` object of a command line: what QEMU would hand to KVM.
///
/// | property           | value                          | default |
/// |--------------------|--------------------------------|---------|
/// | `cbitpos`          | u32                            | 0       |
/// | `reduced-phys-bits`| u32                            | 0       |
/// | `policy`           | u32                            | 1       |
/// | `handle`           | u32, 0: a key of its own       | 0       |
/// | `dh-cert-file`     | file with base64               | none    |
/// | `session-file`     | file with base64               | none    |
/// | `kernel-hashes`    | bool                           | off     |
/// | `sev-device`       | path; no such device here      |         |
/// | `legacy-vm-type`   | `on`, `off`, `auto` (QEMU 9.1) | auto    |
///
/// Source: QEMU's qom.json, SevGuestProperties.
struct SEVObject: Equatable {
  /// Where it stands on the command line.
  let position: Int
  let id: String
  let cBitPosition: UInt32
  let reducedPhysBits: UInt32
  let policy: SEVPolicy
  let certificateFile: String?
  let sessionFile: String?
  let kernelHashes: Bool
  /// `legacy-vm-type=off` asks KVM for its newer way to set a vCPU up.
  let generation: VMSAGeneration?

  /// The object, if there is one; refuses what is not simulated.
  static func find(in arguments: QEMUArguments) throws(LaunchRefusal) -> SEVObject? {
    var found: SEVObject?
    for position in arguments.positions(of: "object") {
      guard let text = arguments.elements[position].value else { continue }
      guard let options = OptionText(text, impliedKey: "qom-type") else {
        // Not JSON: QEMU says so itself, unless it could be an object that must not be overlooked.
        if text.contains("sev-") { throw .badObject }
        continue
      }
      if options["qom-type"] == "sev-snp-guest" { throw .snp }
      guard options["qom-type"] == "sev-guest" else { continue }
      guard found == nil else { throw .severalObjects }
      found = try SEVObject(options, at: position)
    }
    return found
  }

  private static let properties: Set<String> = [
    "qom-type", "id", "cbitpos", "reduced-phys-bits", "policy", "handle", "dh-cert-file", "session-file",
    "kernel-hashes", "sev-device", "legacy-vm-type",
  ]

  private init(_ options: OptionText, at position: Int) throws(LaunchRefusal) {
    if let unknown = options.keys.first(where: { !Self.properties.contains($0) }) {
      throw .unknownProperty(unknown)
    }
    guard let id = options["id"] else { throw .badProperty("id") }
    self.position = position
    self.id = id
    cBitPosition = try Self.unsigned(options, "cbitpos", default: 0)
    reducedPhysBits = try Self.unsigned(options, "reduced-phys-bits", default: 0)
    policy = SEVPolicy(rawValue: try Self.unsigned(options, "policy", default: 1))
    certificateFile = options["dh-cert-file"]
    sessionFile = options["session-file"]
    kernelHashes = try Self.flag(options, "kernel-hashes")
    generation = try Self.generation(options)
    guard try Self.unsigned(options, "handle", default: 0) == 0 else { throw .keySharing }
  }

  private static func unsigned(
    _ options: OptionText, _ key: String, default missing: UInt32
  ) throws(LaunchRefusal) -> UInt32 {
    guard let text = options[key] else { return missing }
    guard let value = QEMUNumber.unsigned(text).flatMap({ UInt32(exactly: $0) }) else {
      throw .badProperty(key)
    }
    return value
  }

  private static func flag(_ options: OptionText, _ key: String) throws(LaunchRefusal) -> Bool {
    guard let text = options[key] else { return false }
    guard let value = QEMUNumber.flag(text) else { throw .badProperty(key) }
    return value
  }

  private static func generation(_ options: OptionText) throws(LaunchRefusal) -> VMSAGeneration? {
    guard let text = options["legacy-vm-type"], text != "auto" else { return nil }
    guard let legacy = QEMUNumber.flag(text) else { throw .badProperty("legacy-vm-type") }
    return legacy ? .initial : .init2
  }
}
