package import Bytes
package import CVMCrypto

/// A launch secret as LAUNCH_SECRET takes it: a header (libvirt's `sev-secret-header`) and the encrypted
/// secret table (`sev-secret`). Little-endian. Source: AMD 55766, LAUNCH_SECRET, packet header.
///
/// | offset | size | field | Swift                                     |
/// |-------:|-----:|-------|-------------------------------------------|
/// |   0x00 |    4 | FLAGS | `flags`: bit 0 compressed, not supported  |
/// |   0x04 |   16 | IV    | `iv`                                      |
/// |   0x14 |   32 | MAC   | `mac`                                     |
///
/// ciphertext = AES-128-CTR(TEK, IV, table); MAC = HMAC-SHA-256(TIK, 01 ‖ FLAGS ‖ IV ‖ guest length (4) ‖
/// transport length (4) ‖ ciphertext ‖ MEASURE), both lengths being the ciphertext's. MEASURE is the
/// 32-byte HMAC of the launch, so a packet opens for the very launch that its owner has appraised, and
/// for no other. (Firmware of API 0.16 and older leaves MEASURE out: no secret is made for it.)
package struct SecretPacket: Equatable, Sendable {
  package static let headerSize = 52
  package static let ivSize = 16

  package let flags: UInt32
  package let iv: [UInt8]
  package let mac: [UInt8]
  package let ciphertext: [UInt8]

  /// Throws for a header of another length. The payload is judged by `open`.
  package init(header: [UInt8], payload: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(header, format: "secret packet header", size: Self.headerSize)
    flags = try cursor.littleEndian()
    iv = try cursor.array(Self.ivSize)
    mac = try cursor.array(HMACSHA256.size)
    try cursor.finish()
    ciphertext = payload
  }

  package var header: [UInt8] { flags.littleEndianBytes + iv + mac }

  /// Encrypts a table's plaintext for one launch. `iv` must be fresh for these keys; `measurement` is
  /// `LaunchMeasurement.hmac`.
  package static func seal(
    _ plaintext: SecretBytes, keys: TransportKeys, measurement: [UInt8], iv: [UInt8]
  ) throws(CryptoError) -> SecretPacket {
    guard iv.count == ivSize, measurement.count == HMACSHA256.size, isLength(plaintext.count) else {
      throw .invalidInput("secret, initialisation vector or measurement of a wrong length")
    }
    let ciphertext = try AES128CTR.apply(key: keys.tek, iv: iv, toSecret: plaintext)
    let mac = try mac(flags: 0, iv, ciphertext, keys, measurement)
    return SecretPacket(flags: 0, iv: iv, mac: mac, ciphertext: ciphertext)
  }

  /// The AMD-SP's side: INVALID_LENGTH, then BAD_MEASUREMENT for a wrong MAC, then UNSUPPORTED for a
  /// compressed packet.
  package func open(keys: TransportKeys, measurement: [UInt8]) throws(FirmwareStatus) -> SecretBytes {
    guard Self.isLength(ciphertext.count) else { throw .invalidLength }
    let expected: [UInt8]
    do { expected = try Self.mac(flags: flags, iv, ciphertext, keys, measurement) } catch {
      throw .hardwareErrorPlatform
    }
    guard constantTimeEqual(expected, mac) else { throw .badMeasurement }
    guard flags & 1 == 0 else { throw .unsupported }
    do { return try AES128CTR.open(key: keys.tek, iv: iv, from: ciphertext) } catch {
      throw .hardwareErrorPlatform
    }
  }

  private static func isLength(_ count: Int) -> Bool {
    count > 0 && count <= SecretTable.packetLimit && count.isMultiple(of: 16)
  }

  private static func mac(
    flags: UInt32, _ iv: [UInt8], _ ciphertext: [UInt8], _ keys: TransportKeys, _ measurement: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    let length = UInt32(truncatingIfNeeded: ciphertext.count).littleEndianBytes  // at most 16 KiB
    return try HMACSHA256.authenticate(
      key: keys.tik, [[1], flags.littleEndianBytes, iv, length, length, ciphertext, measurement])
  }

  private init(flags: UInt32, iv: [UInt8], mac: [UInt8], ciphertext: [UInt8]) {
    self.flags = flags
    self.iv = iv
    self.mac = mac
    self.ciphertext = ciphertext
  }
}
