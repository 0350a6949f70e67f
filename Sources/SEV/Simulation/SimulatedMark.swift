/// The marks by which a simulated AMD-SP says that it is no hardware, in every identity that it gives away:
/// none of them needs a key to be seen, and none can stand in what AMD made. Their absence proves nothing;
/// that a chain leads to AMD's root does.
package enum SimulatedMark {
  /// KEY_ID of a simulated ARK and ASK, 16 ASCII characters.
  package static let arkKeyID = Array("SIMULATED-ARK-01".utf8)
  package static let askKeyID = Array("SIMULATED-ASK-01".utf8)

  /// GET_ID's 64 bytes begin with it.
  package static let chipID = Array("cvmctl SIMULATED AMD-SP".utf8)

  /// Stands in the first, unused signature field of the CEK that PDH_CERT_EXPORT gives, so that it is in the
  /// chain that libvirt hands on. On hardware the field is zero.
  package static let unsignedCEK = Array("SIMULATED AMD-SP: not AMD hardware".utf8)
  /// Offset of SIG1 in a certificate of 2084 bytes.
  package static let signatureOffset = 0x41C

  /// Whether a GET_ID answer is a simulated chip's.
  package static func isSimulated(chipID: [UInt8]) -> Bool { chipID.starts(with: self.chipID) }

  /// Whether the KEY_ID of an ARK or ASK is a simulated one.
  package static func isSimulated(keyID: [UInt8]) -> Bool { keyID == arkKeyID || keyID == askKeyID }

  /// Whether a chain as PDH_CERT_EXPORT gives it, PEK ‖ OCA ‖ CEK, or the CEK alone, is a simulated AMD-SP's.
  /// False for bytes of another size.
  package static func isSimulated(chain: [UInt8]) -> Bool {
    let certificate = 0x824
    guard chain.count == certificate || chain.count == 3 * certificate else { return false }
    return chain.suffix(certificate).dropFirst(signatureOffset).starts(with: unsignedCEK)
  }
}
