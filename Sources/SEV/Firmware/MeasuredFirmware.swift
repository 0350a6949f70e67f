package import CVMCrypto

/// A firmware as a launch measures it: what its table says, and the hash of all its bytes, which need not be in memory.
package struct MeasuredFirmware: Equatable, Sendable {
  package let image: FirmwareImage
  /// SHA-256 of the file, 32 bytes.
  package let digest: [UInt8]
  private let hashed: DigestState

  /// `stream` has taken all bytes of the image, and ends here.
  package init(_ image: FirmwareImage, _ stream: SHA256.Stream) throws(CryptoError) {
    self.image = image
    hashed = try stream.state()
    digest = try stream.finalize()
  }

  /// Throws `FormatError` as `FirmwareImage` does, or `CryptoError`.
  package init(parsing bytes: [UInt8]) throws {
    let stream = try SHA256.Stream()
    stream.update(bytes)
    try self.init(FirmwareImage(parsing: bytes), stream)
  }

  /// The launch digest after the firmware, to be continued with what is loaded behind it.
  func launchDigest() throws(CryptoError) -> SHA256.Stream { try SHA256.Stream(continuing: hashed) }

  package static func == (one: MeasuredFirmware, other: MeasuredFirmware) -> Bool {
    one.image == other.image && one.digest == other.digest
  }
}
