package import SEV

/// The roots of simulated platforms. Every simulated host makes its own keys, so their KEY_ID is the only
/// mark they share: it shows honest simulations for what they are, and protects against nothing. They are
/// accepted only where simulations are asked for.
package enum SimulatedRoots {
  /// The KEY_IDs that a simulated AMD-SP writes, 16 ASCII characters each.
  package static let arkID = Array("SIMULATED-ARK-01".utf8)
  package static let askID = Array("SIMULATED-ASK-01".utf8)

  /// Whether a certificate calls itself simulated.
  package static func marks(_ certificate: CACertificate) -> Bool {
    [certificate.keyID, certificate.certifyingID].contains { id in
      id.starts(with: Array("SIMULATED-A".utf8))
    }
  }

  /// Whether both call themselves what a simulated AMD-SP calls them.
  static func match(ark: CACertificate, ask: CACertificate) -> Bool {
    ark.keyID.starts(with: Array("SIMULATED-ARK-".utf8))
      && ask.keyID.starts(with: Array("SIMULATED-ASK-".utf8))
  }
}
