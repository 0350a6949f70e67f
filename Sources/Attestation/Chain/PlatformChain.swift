package import Bytes
package import SEV

/// The endorsements of a platform's PDH, unverified: PDH, PEK, OCA and CEK from the platform, ASK and ARK
/// from AMD.
///
/// A file of a wrong size throws. A certificate that does not parse stays here with its error, so that
/// verification can list it among the others.
package struct PlatformChain: Sendable {
  package typealias Parsed<Certificate> = Result<Certificate, FormatError>

  package let pdh: Parsed<SEVCertificate>
  package let pek: Parsed<SEVCertificate>
  package let oca: Parsed<SEVCertificate>
  /// As the host exports it: unsigned, unless a tool has put the signed one there.
  package let hostCEK: Parsed<SEVCertificate>
  /// Signed by AMD, from AMD's key server.
  package let importedCEK: Parsed<SEVCertificate>?
  /// Nil where none was given.
  package let ask: Parsed<CACertificate>?
  package let ark: Parsed<CACertificate>?

  private static let format = "platform certificate chain"
  /// PDH, PEK, OCA, CEK.
  private static let exportedSize = 4 * SEVCertificate.size

  /// From the files of `sevctl`: `sev` is PDH ‖ PEK ‖ OCA ‖ CEK (8336 bytes), which may be followed by
  /// ASK and ARK; `ca` is ASK and ARK in either order.
  package init(
    sev: [UInt8], ca: [UInt8]? = nil, importedCEK: [UInt8]? = nil
  ) throws(FormatError) {
    guard sev.count >= Self.exportedSize, sev.count == Self.exportedSize || ca == nil else {
      throw FormatError(Self.format, at: 0, .wrongSize(expected: Self.exportedSize, found: sev.count))
    }
    let rest = Array(sev[Self.exportedSize...])
    try self.init(
      pdh: Array(sev[..<SEVCertificate.size]),
      certificateChain: Array(sev[SEVCertificate.size..<Self.exportedSize]),
      ca: ca ?? (rest.isEmpty ? nil : rest), importedCEK: importedCEK)
  }

  /// From what libvirt reports of a host: the PDH, and PEK ‖ OCA ‖ CEK (6252 bytes).
  package init(
    pdh: [UInt8], certificateChain: [UInt8], ca: [UInt8]?, importedCEK: [UInt8]?
  ) throws(FormatError) {
    self.pdh = try Self.parsed(pdh)
    let size = SEVCertificate.size
    guard certificateChain.count == 3 * size else {
      throw FormatError(Self.format, at: 0, .wrongSize(expected: 3 * size, found: certificateChain.count))
    }
    pek = try Self.parsed(Array(certificateChain[..<size]))
    oca = try Self.parsed(Array(certificateChain[size..<(2 * size)]))
    hostCEK = try Self.parsed(Array(certificateChain[(2 * size)...]))
    self.importedCEK = try importedCEK.map { bytes throws(FormatError) in try Self.parsed(bytes) }
    (ask, ark) = try ca.map { bytes throws(FormatError) in try CABundle.split(bytes) } ?? (nil, nil)
  }

  private static func parsed(_ bytes: [UInt8]) throws(FormatError) -> Parsed<SEVCertificate> {
    guard bytes.count == SEVCertificate.size else {
      throw FormatError(format, at: 0, .wrongSize(expected: SEVCertificate.size, found: bytes.count))
    }
    do { return .success(try SEVCertificate(parsing: bytes)) } catch { return .failure(error) }
  }
}
