/// What CPUID function 1 returns in EAX, and a guest's first RDX: family, model and stepping of the
/// guest's CPU model.
///
/// | bits  | field           |
/// |------:|-----------------|
/// |   3:0 | stepping        |
/// |   7:4 | model, low      |
/// |  11:8 | family, base    |
/// | 19:16 | model, high     |
/// | 27:20 | family, extended: added to a base of 15 |
package struct CPUSignature: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Nil for a family above 270, a model above 255 or a stepping above 15, or anything negative.
  package init?(family: Int, model: Int, stepping: Int) {
    guard (0...270).contains(family), (0...255).contains(model), (0...15).contains(stepping) else {
      return nil
    }
    let base = UInt32(min(family, 15))
    let extended = UInt32(family) - base
    let number = UInt32(model)
    rawValue = extended << 20 | (number >> 4) << 16 | base << 8 | (number & 15) << 4 | UInt32(stepping)
  }

  /// QEMU's name of a CPU model, as in `EPYC-Milan-v1`; nil for a name that is not an EPYC's.
  package init?(model name: String) {
    guard let row = Self.models.first(where: { $0.name == name }) else { return nil }
    self.init(family: row.family, model: row.model, stepping: row.stepping)
  }

  package var family: Int {
    let base = rawValue >> 8 & 15
    return Int(base == 15 ? base + (rawValue >> 20 & 0xFF) : base)
  }
  package var model: Int { Int((rawValue >> 16 & 15) << 4 | rawValue >> 4 & 15) }
  package var stepping: Int { Int(rawValue & 15) }

  /// `0x00a00f11`.
  package var description: String { rawValue.paddedHex }

  /// The names that `init(model:)` knows.
  package static let modelNames = models.map(\.name)

  private static let models: [(name: String, family: Int, model: Int, stepping: Int)] =
    ["EPYC", "EPYC-v1", "EPYC-v2", "EPYC-v3", "EPYC-v4", "EPYC-IBPB"].map { ($0, 23, 1, 2) }
    + ["EPYC-Rome", "EPYC-Rome-v1", "EPYC-Rome-v2", "EPYC-Rome-v3"].map { ($0, 23, 49, 0) }
    + ["EPYC-Milan", "EPYC-Milan-v1", "EPYC-Milan-v2"].map { ($0, 25, 1, 1) }
    + ["EPYC-Genoa", "EPYC-Genoa-v1"].map { ($0, 25, 17, 0) }
    + [("EPYC-Turin", 26, 0, 0)]
}
