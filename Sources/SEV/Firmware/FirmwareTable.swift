internal import Bytes

/// The GUIDed table at the end of an OVMF image, read downwards. Little-endian; GUIDs mixed-endian.
/// Source: EDK II, OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm.
///
/// | where               | size | field                                                                 |
/// |---------------------|-----:|-----------------------------------------------------------------------|
/// | image size - 48     |   16 | footer GUID 96b582de-1fb2-45f7-baea-a366c55a082d                      |
/// | image size - 50     |    2 | size of the whole table in bytes, the footer's 18 included            |
/// | before it, repeated |   16 | entry GUID                                                            |
/// |                     |    2 | size of the entry in bytes: its data, these two and the GUID          |
/// |                     |    … | data, which stands in front of the two fields                         |
///
/// The walk ends when fewer than 18 bytes are left.
struct FirmwareTable: Equatable, Sendable {
  /// Where the table starts in the image.
  let offset: Int
  /// Where each entry's data stands in the image.
  let entries: [GUID: Range<Int>]

  private static let footer = GUID(constant: "96b582de-1fb2-45f7-baea-a366c55a082d")
  /// Size field and GUID.
  private static let headerSize = 18
  /// What stands behind the table: the reset vector.
  private static let tail = 32
  /// The largest table and what stands behind it.
  static let reach = Int(UInt16.max) + tail

  /// Nil where the image has no footer. Throws for a table that cannot be what a linker made: a size
  /// beyond the image, an entry that is too short for its own header or reaches beyond the table, a GUID
  /// that comes twice.
  ///
  /// `image` may lack its first `skipped` bytes, as long as it has the last `reach`.
  init?(in image: [UInt8], startingAt skipped: Int = 0, format: String) throws(FormatError) {
    let end = image.count - Self.tail
    guard end >= Self.headerSize, Self.guid(in: image, endingAt: end) == Self.footer else { return nil }
    let total = Self.size(in: image, endingAt: end)
    guard total >= Self.headerSize, total <= end else {
      throw FormatError(
        format, at: skipped + end - Self.headerSize,
        .invalid(field: "table size", reason: "not within the image"))
    }
    offset = skipped + end - total
    entries = try Self.walk(image, skipped, from: end - Self.headerSize, to: end - total, format)
  }

  private static func walk(
    _ image: [UInt8], _ skipped: Int, from end: Int, to start: Int, _ format: String
  ) throws(FormatError) -> [GUID: Range<Int>] {
    var entries: [GUID: Range<Int>] = [:]
    var cursor = end
    while cursor - start >= headerSize {
      let size = size(in: image, endingAt: cursor)
      let header = cursor - headerSize
      let offset = skipped + header
      guard size >= headerSize else {
        throw FormatError(format, at: offset, .invalid(field: "entry size", reason: "below 18 bytes"))
      }
      guard size <= cursor - start else {
        throw FormatError(format, at: offset, .invalid(field: "entry size", reason: "beyond the table"))
      }
      guard let guid = guid(in: image, endingAt: cursor),
        entries.updateValue((skipped + cursor - size)..<offset, forKey: guid) == nil
      else {
        throw FormatError(format, at: offset, .invalid(field: "entry GUID", reason: "stands twice"))
      }
      cursor -= size
    }
    return entries
  }

  /// The two bytes in front of the GUID that ends at `end`; the caller has seen that 18 bytes stand there.
  private static func size(in image: [UInt8], endingAt end: Int) -> Int {
    Int(image[end - headerSize]) | Int(image[end - headerSize + 1]) << 8
  }

  private static func guid(in image: [UInt8], endingAt end: Int) -> GUID? {
    GUID(mixedEndian: Array(image[(end - GUID.size)..<end]))
  }
}
