package import SEV

/// A launch policy's number with the type that it belongs to: the same number means different things to SEV and SEV-SNP.
package struct PolicyValue: Equatable, Hashable, Sendable {
  package let type: LaunchType
  package let rawValue: UInt64

  package init(type: LaunchType, rawValue: UInt64) {
    self.type = type
    self.rawValue = rawValue
  }

  /// `0x00000005` for SEV and SEV-ES, `0x0000000000030000` for SEV-SNP: 32 and 64 bits.
  package var text: String {
    let digits = String(rawValue, radix: 16)
    let width = type == .sevSNP ? 16 : 8
    return "0x" + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The policy as the SEV and SEV-ES firmware sees it; nil for SEV-SNP.
  package var sev: SEVPolicy? {
    type == .sevSNP ? nil : UInt32(exactly: rawValue).map(SEVPolicy.init(rawValue:))
  }

  /// The policy as the SEV-SNP firmware sees it; nil for SEV and SEV-ES.
  package var snp: SNPPolicy? { type == .sevSNP ? SNPPolicy(rawValue: rawValue) : nil }

  /// The host may read and write the guest's memory with the AMD-SP's debug commands.
  package var allowsDebug: Bool { sev?.requiresDebugConsent ?? snp?.requiresDebugConsent ?? true }

  /// The host may start code of its own under the guest's memory key.
  package var allowsKeySharing: Bool { sev?.requiresKeySharingConsent ?? false }
}

/// A named, versioned launch policy. An edit makes a new version; a guest keeps the version it was defined with.
package struct LaunchPolicy: Equatable, Sendable {
  package var name: String
  /// 1 and up; 0 for the built-in ones.
  package var version: Int
  package var value: PolicyValue
  package var note: String
  package var createdAt: String?

  package init(name: String, version: Int, value: PolicyValue, note: String, createdAt: String? = nil) {
    self.name = name
    self.version = version
    self.value = value
    self.note = note
    self.createdAt = createdAt
  }

  /// A number on the command line has version 0 too, but no name that stands for it.
  package var isBuiltIn: Bool { Self.builtIn.contains { $0.name == name && $0.value == value } }
}

extension LaunchPolicy {
  /// `default` and `strict` for every type.
  ///
  /// SEV's and SEV-ES' default forbids debugging and key sharing (0x3, 0x7): with NOKS clear the host may start code of its own
  /// under the guest's memory key and read it. QEMU's own default, 0x1, leaves NOKS clear.
  package static let builtIn: [LaunchPolicy] = [
    LaunchPolicy(
      name: "default", version: 0, value: PolicyValue(type: .sev, rawValue: 0x3),
      note: "no debugging, no key sharing"),
    LaunchPolicy(
      name: "default", version: 0, value: PolicyValue(type: .sevES, rawValue: 0x7),
      note: "no debugging, no key sharing, encrypted register state"),
    LaunchPolicy(
      name: "default", version: 0, value: PolicyValue(type: .sevSNP, rawValue: 0x30000),
      note: "no debugging, no migration agent"),
    LaunchPolicy(
      name: "strict", version: 0, value: PolicyValue(type: .sev, rawValue: 0xB),
      note: "as default, and never sent to another host"),
    LaunchPolicy(
      name: "strict", version: 0, value: PolicyValue(type: .sevES, rawValue: 0xF),
      note: "as default, and never sent to another host"),
    LaunchPolicy(
      name: "strict", version: 0, value: PolicyValue(type: .sevSNP, rawValue: 0x12_0000),
      note: "as default, and no SMT, one socket only"),
  ]
}
