internal import CVMCrypto

/// The images of a SEV-SNP launch and the digest behind them: what every launch from the same files begins with.
package struct SNPLoad: Sendable {
  /// The image whose SEV metadata counts: the SVSM's where there is one, otherwise the firmware.
  package let described: SNPImage
  package let steps: [MeasuredStep]
  let digest: SNPLaunchDigest
  /// Where the SVSM starts in guest memory.
  let svsmAddress: UInt64?

  private static let end: UInt64 = 1 << 32

  /// A firmware, which ends at 4 GiB. `precomputed`: the digest behind its pages (48 bytes), which are then not hashed.
  package init(firmware: SNPImage, precomputed: [UInt8]? = nil) throws(MeasureError) {
    let address = try Self.address(of: firmware, endingAt: Self.end)
    if let precomputed {
      guard precomputed.count == SNPLaunchDigest.size else { throw .digestSize(precomputed.count) }
      digest = SNPLaunchDigest(startingAt: precomputed)
      steps = [Self.step(.hashedFirmware, firmware, address, precomputed)]
    } else {
      let (digest, step) = try Self.load(firmware, .firmware, at: address, SNPLaunchDigest())
      (self.digest, steps) = (digest, [step])
    }
    (described, svsmAddress) = (firmware, nil)
  }

  /// A firmware, below it the space for its variables (bytes), below that an SVSM, which starts first.
  package init(firmware: SNPImage, svsm: SNPImage, variables: Int) throws(MeasureError) {
    let address = try Self.address(of: firmware, endingAt: Self.end)
    guard variables >= 0, UInt64(variables) <= address,
      variables % SNPLaunchDigest.pageSize == 0
    else { throw .variablesSize(variables) }
    let below = try Self.address(of: svsm, endingAt: address - UInt64(variables))
    let (first, firmwareStep) = try Self.load(firmware, .firmware, at: address, SNPLaunchDigest())
    let (second, svsmStep) = try Self.load(svsm, .svsm, at: below, first)
    (digest, steps) = (second, [firmwareStep, svsmStep])
    (described, svsmAddress) = (svsm, below)
  }

  private static func address(of image: SNPImage, endingAt end: UInt64) throws(MeasureError) -> UInt64 {
    let size = image.bytes.count
    guard size > 0, size % SNPLaunchDigest.pageSize == 0, UInt64(size) <= end else { throw .imageSize(size) }
    return end - UInt64(size)
  }

  private static func load(
    _ image: SNPImage, _ content: MeasuredStep.Content, at address: UInt64, _ start: SNPLaunchDigest
  ) throws(MeasureError) -> (SNPLaunchDigest, MeasuredStep) {
    var digest = start
    do {
      let pages = try SHA384.hashes(ofPages: image.bytes, size: SNPLaunchDigest.pageSize)
      try digest.load(.normal, at: address, digests: pages)
    } catch {
      throw .crypto(error)
    }
    return (digest, step(content, image, address, digest.value))
  }

  private static func step(
    _ content: MeasuredStep.Content, _ image: SNPImage, _ address: UInt64, _ digest: [UInt8]
  ) -> MeasuredStep {
    MeasuredStep(content: content, type: .normal, address: address, size: image.bytes.count, digest: digest)
  }
}
