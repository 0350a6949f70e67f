package import Bytes
package import CVMCrypto

/// What the owner of a SEV-SNP guest expects of its launch, signed by `IDAuth`: the firmware refuses to finish any other
/// launch, and reports carry the two names and the SVN. Little-endian. Source: AMD 56860, table "ID Block Structure".
///
/// | offset | size | field     | Swift          |
/// |-------:|-----:|-----------|----------------|
/// |   0x00 |   48 | LD        | `launchDigest` |
/// |   0x30 |   16 | FAMILY_ID | `familyID`     |
/// |   0x40 |   16 | IMAGE_ID  | `imageID`      |
/// |   0x50 |    4 | VERSION   | must be 1      |
/// |   0x54 |    4 | GUEST_SVN | `guestSVN`     |
/// |   0x58 |    8 | POLICY    | `policy`       |
package struct IDBlock: Equatable, Sendable {
  package static let size = 96
  /// Bytes of FAMILY_ID and of IMAGE_ID.
  package static let nameSize = 16
  package static let version: UInt32 = 1

  package let launchDigest: [UInt8]
  package let familyID: [UInt8]
  package let imageID: [UInt8]
  package let guestSVN: UInt32
  package let policy: SNPPolicy

  /// Throws `.invalidInput` unless the digest has 48 bytes and each name 16.
  package init(
    launchDigest: [UInt8], familyID: [UInt8], imageID: [UInt8], guestSVN: UInt32, policy: SNPPolicy
  ) throws(CryptoError) {
    guard launchDigest.count == SNPDigest.size, familyID.count == Self.nameSize,
      imageID.count == Self.nameSize
    else { throw .invalidInput("launch digest, family id or image id of a wrong length") }
    self.launchDigest = launchDigest
    self.familyID = familyID
    self.imageID = imageID
    self.guestSVN = guestSVN
    self.policy = policy
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "ID block", size: Self.size)
    launchDigest = try cursor.array(SNPDigest.size)
    familyID = try cursor.array(Self.nameSize)
    imageID = try cursor.array(Self.nameSize)
    try cursor.require(Self.version, field: "VERSION")
    guestSVN = try cursor.littleEndian()
    policy = SNPPolicy(rawValue: try cursor.littleEndian())
    try cursor.finish()
  }

  package func serialized() -> [UInt8] {
    launchDigest + familyID + imageID + Self.version.littleEndianBytes + guestSVN.littleEndianBytes
      + policy.rawValue.littleEndianBytes
  }
}
