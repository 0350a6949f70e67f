internal import Bytes
package import CVMCrypto

/// SNP_ID_BLOCK: the ID block that an IGVM file brings along. Little-endian; the offsets are those behind the compatibility
/// mask. Source: IGVM file format, IGVM_VHS_SNP_ID_BLOCK.
///
/// | offset | size | field                                                |
/// |-------:|-----:|------------------------------------------------------|
/// |  0x000 |    4 | author key: 1 or 0 in the first byte, zeros          |
/// |  0x004 |   80 | LD, FAMILY_ID, IMAGE_ID as in `IDBlock`              |
/// |  0x054 |    4 | VERSION: QEMU makes it 1                             |
/// |  0x058 |    4 | GUEST_SVN                                            |
/// |  0x05C |    8 | ID_KEY_ALGO, AUTH_KEY_ALGO as in `IDAuth`            |
/// |  0x064 |  144 | the ID key's signature: R, S                         |
/// |  0x0F4 |  152 | the ID key: curve 4 (2 = P-384), zero 4, QX, QY      |
/// |  0x18C |  144 | the author key's signature; without author key zeros |
/// |  0x21C |  152 | the author key; without one zeros                    |
package struct IGVMIDBlock: Equatable, Sendable {
  /// With the mask.
  static let size = 696

  /// The policy is missing: the loader takes that of GUEST_POLICY.
  private let unbound: IDBlock
  package let auth: IDAuth

  init(_ cursor: inout ByteCursor) throws(FormatError) {
    let hasAuthor = try Self.hasAuthor(&cursor)
    let start = cursor.offset
    let digest = try cursor.array(SNPDigest.size)
    let (family, image) = (try cursor.array(IDBlock.nameSize), try cursor.array(IDBlock.nameSize))
    try cursor.skip(4)
    let svn: UInt32 = try cursor.littleEndian()
    try cursor.require(UInt32(1), field: "id_key_algorithm")
    try cursor.require(UInt32(hasAuthor ? 1 : 0), field: "author_key_algorithm")
    let signature = try cursor.p384Signature(field: "id_key_signature")
    let key = try Self.key(&cursor)
    auth = IDAuth(idKey: key, blockSignature: signature, author: try Self.author(&cursor, hasAuthor))
    do {
      unbound = try IDBlock(
        launchDigest: digest, familyID: family, imageID: image, guestSVN: svn, policy: SNPPolicy(rawValue: 0))
    } catch {
      throw FormatError(cursor.format, at: start, .invalid(field: "SNP_ID_BLOCK", reason: "no ID block"))
    }
  }

  /// The ID block of a launch with this policy.
  package func block(policy: SNPPolicy) throws(CryptoError) -> IDBlock {
    try IDBlock(
      launchDigest: unbound.launchDigest, familyID: unbound.familyID, imageID: unbound.imageID,
      guestSVN: unbound.guestSVN, policy: policy)
  }

  private static func hasAuthor(_ cursor: inout ByteCursor) throws(FormatError) -> Bool {
    let start = cursor.offset
    let number: UInt32 = try cursor.littleEndian()
    guard number <= 1 else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "author_key_enabled", found: UInt64(number), expected: "0 or 1"))
    }
    return number == 1
  }

  private static func key(_ cursor: inout ByteCursor) throws(FormatError) -> P384.PublicKey {
    try cursor.require(UInt32(2), field: "curve")
    try cursor.zeros(4, field: "reserved")
    return try cursor.p384Point()
  }

  private static func author(
    _ cursor: inout ByteCursor, _ isThere: Bool
  ) throws(FormatError) -> IDAuth.Author? {
    guard isThere else {
      try cursor.zeros(2 * ECDSAField.size, field: "author_key_signature without an author key")
      try cursor.zeros(8 + 2 * ECDSAField.size, field: "author_public_key without an author key")
      return nil
    }
    let signature = try cursor.p384Signature(field: "author_key_signature")
    return IDAuth.Author(key: try key(&cursor), signature: signature)
  }
}
