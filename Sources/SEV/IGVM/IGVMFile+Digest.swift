package import CVMCrypto

extension IGVMFile {
  /// How loaders measure a normal page for which the file has no bytes.
  package enum EmptyPages: String, Sendable, CaseIterable {
    /// As a ZERO page: QEMU.
    case zero
    /// As a NORMAL page of zeros: igvmmeasure without `--native-zero`.
    case normal
  }

  /// Pages that were measured, and the digest after them.
  package struct Step: Equatable, Sendable {
    package var type: PageType
    package var gpa: UInt64
    package var pages: Int
    package var digest: [UInt8]
  }

  /// The launch digest of a SEV-SNP guest with as many vCPUs as the file has register states, 48 bytes.
  package func launchDigest(
    emptyPages: EmptyPages = .zero, _ report: (Step) -> Void = { _ in }
  ) throws(CryptoError) -> [UInt8] {
    var digest = SNPDigest()
    let zeros = try SHA384.hash([UInt8](repeating: 0, count: SNPDigest.pageSize))
    for region in regions {
      let type = region.content.type(emptyPages)
      try measure(region, type, zeros, into: &digest)
      report(Step(type: type, gpa: region.gpa, pages: region.pages, digest: digest.bytes))
    }
    for context in contexts {
      try digest.update(.vmsa, gpa: SNPDigest.vmsaAddress, contents: hash(at: context.data))
      report(Step(type: .vmsa, gpa: SNPDigest.vmsaAddress, pages: 1, digest: digest.bytes))
    }
    return digest.bytes
  }

  private func measure(
    _ region: IGVMRegion, _ type: PageType, _ zeros: [UInt8], into digest: inout SNPDigest
  ) throws(CryptoError) {
    guard type == .normal else { return try digest.update(type, gpa: region.gpa, pages: region.pages) }
    for page in 0..<region.pages {
      let offset = page * SNPDigest.pageSize
      let contents =
        if case .data(let start) = region.content { try hash(at: start + offset) } else { zeros }
      try digest.update(.normal, gpa: region.gpa + UInt64(offset), contents: contents)
    }
  }

  /// SHA-384 of a page of the file, whose bounds were checked when it was read.
  private func hash(at offset: Int) throws(CryptoError) -> [UInt8] {
    let stream = try SHA384.Stream()
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe stream.update(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + SNPDigest.pageSize]))
    }
    return try stream.finalize()
  }
}

extension IGVMRegion.Content {
  func type(_ emptyPages: IGVMFile.EmptyPages) -> PageType {
    switch self {
    case .data: .normal
    case .empty: emptyPages == .zero ? .zero : .normal
    case .unmeasured, .parameters: .unmeasured
    case .secrets: .secrets
    case .cpuid: .cpuid
    }
  }
}
