import CVMCore
import Testing

extension Core {
  /// The one digest of a recorded guest.
  func measure(guest name: String, _ references: ReferenceFiles) throws -> DigestPrediction {
    try #require(DigestSweep(digestRequest(guest: name, references)).predictions().first)
  }

  /// The one digest of a definition.
  func measure(source: DefinitionSource, _ references: ReferenceFiles) throws -> DigestPrediction {
    try #require(DigestSweep(digestRequest(source: source, references)).predictions().first)
  }
}
