import SEV

/// How a SEV-ES guest's VMSAs are measured.
enum VMSAOptions {
  static func generation(_ text: String?) throws -> VMSAGeneration {
    guard let text else { return .initial }
    guard let generation = VMSAGeneration(rawValue: text) else {
      throw UsageError("--vmsa-generation is init or init2")
    }
    return generation
  }

  static func signature(_ text: String?) throws -> CPUSignature? {
    try text.map { CPUSignature(rawValue: try Number.unsigned($0, "--vcpu-sig")) }
  }

  static func signature(family: UInt16, model: UInt16, stepping: UInt16) throws -> CPUSignature {
    guard let signature = CPUSignature(family: Int(family), model: Int(model), stepping: Int(stepping)) else {
      throw UsageError(
        "the CPU's family (at most 270), model (at most 255) or stepping (at most 15) is out of range")
    }
    return signature
  }
}
