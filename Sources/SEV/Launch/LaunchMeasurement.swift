package import Bytes
package import CVMCrypto

/// What LAUNCH_MEASURE returns. Source: AMD 55766, LAUNCH_MEASURE.
///
/// | offset | size | field   | Swift   |
/// |-------:|-----:|---------|---------|
/// |   0x00 |   32 | MEASURE | `hmac`  |
/// |   0x20 |   16 | MNONCE  | `nonce` |
///
/// MEASURE = HMAC-SHA-256(TIK, 04 ‖ API_MAJOR ‖ API_MINOR ‖ BUILD ‖ POLICY (4, little-endian) ‖ launch
/// digest (32) ‖ MNONCE).
package struct LaunchMeasurement: Sendable {
  package static let size = 48
  package static let nonceSize = 16

  package let hmac: [UInt8]
  /// Chosen by the firmware.
  package let nonce: [UInt8]

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "launch measurement", size: Self.size)
    hmac = try cursor.array(HMACSHA256.size)
    nonce = try cursor.array(Self.nonceSize)
    try cursor.finish()
  }

  private init(hmac: [UInt8], nonce: [UInt8]) {
    self.hmac = hmac
    self.nonce = nonce
  }

  package func serialized() -> [UInt8] { hmac + nonce }

  /// What the firmware of this version reports for a guest with this policy and digest. Throws
  /// `.invalidInput` unless `digest` has
  /// 32 bytes, `nonce` 16 and `tik` 16.
  package static func compute(
    apiMajor: UInt8, apiMinor: UInt8, build: UInt8, policy: SEVPolicy, digest: [UInt8], nonce: [UInt8],
    tik: SecretBytes
  ) throws(CryptoError) -> LaunchMeasurement {
    guard digest.count == SEVLaunchDigest.size, nonce.count == nonceSize, tik.count == TransportKeys.keySize
    else { throw .invalidInput("launch digest, nonce or TIK of a wrong length") }
    let version = [4, apiMajor, apiMinor, build]
    let hmac = try HMACSHA256.authenticate(
      key: tik, [version, policy.rawValue.littleEndianBytes, digest, nonce])
    return LaunchMeasurement(hmac: hmac, nonce: nonce)
  }
}

extension LaunchMeasurement: Equatable {
  /// Constant time.
  package static func == (a: LaunchMeasurement, b: LaunchMeasurement) -> Bool {
    constantTimeEqual(a.serialized(), b.serialized())
  }
}
