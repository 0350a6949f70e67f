import CVMCore
import Documents
import SEV

/// The guest's CPU, of which a SEV-ES launch measures family, model and stepping.
struct CPUChoice: Equatable {
  /// QEMU's name of the model.
  let model: String

  /// QEMU's model where a definition names none.
  static let defaultModel = "qemu64"

  /// family 15, model 107, stepping 1: QEMU, target/i386/cpu.c, builtin_x86_defs, qemu64.
  private static let qemu64 = CPUSignature(rawValue: 0x0006_0FB1)

  /// A simulated host's own CPU: what `host-model` and `host-passthrough` mean here.
  static let hostModel = "EPYC-Milan"

  init(_ document: XMLElement) throws(BackendError) {
    guard let cpu = document.child("cpu") else {
      model = Self.defaultModel
      return
    }
    switch cpu.attribute("mode") ?? "custom" {
    case "custom": model = cpu.text(at: "model") ?? Self.defaultModel
    case "host-model", "host-passthrough", "maximum": model = Self.hostModel
    default: throw .malformed("invalid value for attribute 'mode' in element 'cpu'")
    }
  }

  /// Nil for a model whose CPUID signature is not known.
  var signature: CPUSignature? {
    CPUSignature(model: model) ?? (model == Self.defaultModel ? Self.qemu64 : nil)
  }
}
