package import Bytes

/// An image that SEV-SNP loads page by page: a guest firmware or an SVSM.
package struct SNPImage: Equatable, Sendable {
  package let bytes: [UInt8]
  package let facts: FirmwareImage

  /// Throws as `FirmwareImage` does.
  package init(parsing bytes: [UInt8]) throws(FormatError) {
    facts = try FirmwareImage(parsing: bytes)
    self.bytes = bytes
  }

  /// What a launch has to prepare for the image; QEMU launches none without.
  func metadata() throws(MeasureError) -> SEVMetadata {
    switch facts.metadata {
    case .present(let offset):
      do { return try SEVMetadata(parsing: bytes, at: offset) } catch { throw .malformedMetadata(error) }
    case .absent:
      guard let offset = facts.tableOffset else { throw .noFirmwareTable }
      throw .noMetadata(tableOffset: offset)
    case .unusable(let defect):
      throw .unusableMetadata(defect, offset: facts.entries[.sevMetadata]?.lowerBound ?? 0)
    }
  }
}
