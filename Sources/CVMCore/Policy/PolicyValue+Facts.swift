package import SEV

extension PolicyValue {
  /// Every bit with its name and meaning, from AMD's tables.
  package var facts: [PolicyFact] { sev?.facts ?? snp?.facts ?? [] }

  /// `0.0` where any firmware will do.
  package var minimumAPI: String {
    if let sev { return "\(sev.apiMajor).\(sev.apiMinor)" }
    if let snp { return "\(snp.abiMajor).\(snp.abiMinor)" }
    return "0.0"
  }

  /// What a guest owner should know before using it.
  package var warnings: [String] {
    var lines: [String] = []
    if allowsDebug { lines.append("the host may read and write the guest's memory (debugging is allowed)") }
    if allowsKeySharing {
      lines.append(
        "NOKS is clear: the host may start code of its own under the guest's key and read its memory")
    }
    if snp?.requiresMigrationConsent == true {
      lines.append("a migration agent may be bound: it can export the guest")
    }
    if hasReservedBits {
      lines.append("reserved bits are set, or a mandatory one is clear: the firmware refuses this policy")
    }
    if sev?.hasUnlikelyAPIVersion == true {
      lines.append(
        "the minimum API is \(minimumAPI): major and minor are probably swapped (bits 23:16 are the major)")
    }
    return lines
  }

  /// The firmware refuses such a policy.
  package var hasReservedBits: Bool {
    if let sev { return sev.reservedBits != 0 }
    if let snp { return !snp.isWellFormed }
    return true
  }

  /// The ES bit says SEV-ES: a value and its type must agree.
  package var fitsType: Bool { sev.map { $0.es == (type == .sevES) } ?? (type == .sevSNP) }
}

/// What a command line allows over the rules.
package struct PolicyConsent: Equatable, Sendable {
  package var debug: Bool
  package var keySharing: Bool

  package init(debug: Bool = false, keySharing: Bool = false) {
    self.debug = debug
    self.keySharing = keySharing
  }

  /// Throws where `policy` leaves the guest open to the host in a way that nobody consented to.
  package func require(_ policy: PolicyValue) throws(CoreError) {
    guard policy.fitsType else { throw .policy(.wrongType(policy: policy.text, type: policy.type.rawValue)) }
    guard !policy.hasReservedBits else { throw .policy(.reservedBits(policy: policy.text)) }
    guard !policy.allowsDebug || debug else { throw .policy(.debugAllowed(policy: policy.text)) }
    guard !policy.allowsKeySharing || keySharing else {
      throw .policy(.keySharingAllowed(policy: policy.text))
    }
  }
}
