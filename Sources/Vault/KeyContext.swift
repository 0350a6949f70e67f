import Bytes

/// What a wrapped key is and whose: authenticated with it, so that no envelope opens as another tenant's,
/// another object's, another version or for another purpose.
package struct KeyContext: Equatable, Sendable {
  package let tenant: String
  /// `launch/3f…`, `kek`.
  package let object: String
  package let version: UInt32
  /// `tek`, `tik`, …
  package let purpose: String

  package init(tenant: String, object: String, version: UInt32, purpose: String) {
    self.tenant = tenant
    self.object = object
    self.version = version
    self.purpose = purpose
  }

  /// Tenant, object and purpose, each with its length in front, then the version; all integers 4 bytes
  /// little-endian. Two contexts never encode alike.
  var encoded: [UInt8] {
    var writer = ByteWriter()
    for part in [tenant, object, purpose] {
      let bytes = Array(part.utf8)
      writer.littleEndian(UInt32(truncatingIfNeeded: bytes.count))
      writer.append(bytes)
    }
    writer.littleEndian(version)
    return writer.bytes
  }
}
