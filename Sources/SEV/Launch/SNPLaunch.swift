internal import CVMCrypto

/// What a SEV-SNP launch measures, in the order in which it is loaded: images, the sections of the SEV metadata, a VMSA for each
/// vCPU. Source: QEMU, target/i386/sev.c; for EC2 and GCE what is known of their launches.
package struct SNPLaunch: Sendable {
  package var load: SNPLoad
  /// Nil: the guest boots without kernel hashes.
  package var kernel: KernelHashes?
  package var vcpus: MeasuredVCPUs

  package init(load: SNPLoad, kernel: KernelHashes? = nil, vcpus: MeasuredVCPUs) {
    self.load = load
    self.kernel = kernel
    self.vcpus = vcpus
  }

  /// Every step with the digest behind it; the last one's is the launch digest.
  package func steps() throws(MeasureError) -> [MeasuredStep] {
    let metadata = try load.described.metadata()
    let pages = try vmsaPages()
    let hashes = try kernel.map { kernel throws(MeasureError) in try hashPage(kernel, metadata) }
    try requireFree(metadata)
    var transcript = Transcript(load)
    do {
      try transcript.prepare(metadata, vcpus.vmm, hashes: hashes)
      try transcript.start(pages)
    } catch {
      throw .crypto(error)
    }
    return transcript.steps
  }

  /// What `--dump-vmsa` shows: the page of each vCPU.
  package func vmsaPages() throws(MeasureError) -> VMSAPages { try vcpus.pages(of: load) }

  /// The page in which the firmware finds the kernel hashes.
  private func hashPage(_ kernel: KernelHashes, _ metadata: SEVMetadata) throws(MeasureError) -> [UInt8] {
    guard load.svsmAddress == nil else { throw .kernelWithSVSM }
    let area: FirmwareArea
    switch load.described.facts.hashes {
    case .present(let found): area = found
    case .absent: throw .noHashArea
    case .unusable(let defect): throw .unusableHashArea(defect)
    }
    let sections = metadata.sections.filter { $0.kind == .kernelHashes }
    guard !sections.isEmpty else { throw .noHashSection(metadataOffset: metadata.offset) }
    for section in sections where section.size != UInt32(SNPLaunchDigest.pageSize) {
      throw .hashSectionSize(section.size, offset: section.offset)
    }
    let start = Int(area.base) % SNPLaunchDigest.pageSize
    let rest = SNPLaunchDigest.pageSize - start - KernelHashes.size
    guard rest >= 0 else { throw .hashesCrossPage(base: area.base) }
    return [UInt8](repeating: 0, count: start) + kernel.table + [UInt8](repeating: 0, count: rest)
  }

  /// A page is loaded once.
  private func requireFree(_ metadata: SEVMetadata) throws(MeasureError) {
    for image in load.steps {
      guard let first = image.address, image.size > 0 else { continue }
      let pages = first...first + UInt64(image.size) - 1
      for section in metadata.sections where section.pages.overlaps(pages) {
        throw .sectionInImage(offset: section.offset)
      }
    }
  }
}

/// Steps so far, and the digest behind them.
private struct Transcript {
  private(set) var steps: [MeasuredStep]
  private var digest: SNPLaunchDigest

  init(_ load: SNPLoad) { (steps, digest) = (load.steps, load.digest) }

  mutating func prepare(_ metadata: SEVMetadata, _ vmm: VMM, hashes: [UInt8]?) throws(CryptoError) {
    // EC2 loads the CPUID pages behind all others.
    func isLate(_ section: SEVMetadata.Section) -> Bool { vmm == .ec2 && section.kind == .cpuid }
    for section in metadata.sections where !isLate(section) { try prepare(section, vmm, hashes) }
    for section in metadata.sections where isLate(section) { try prepare(section, vmm, hashes) }
  }

  private mutating func prepare(
    _ section: SEVMetadata.Section, _ vmm: VMM, _ hashes: [UInt8]?
  ) throws(CryptoError) {
    if section.kind == .kernelHashes, let hashes {
      try digest.load(.normal, at: UInt64(section.base), digests: SHA384.hash(hashes))
      return add(.section(section.kind), .normal, UInt64(section.base), Int(section.size))
    }
    let type: SNPPageType =
      switch section.kind {
      case .secMemory: vmm == .gce ? .unmeasured : .zero
      case .secrets: .secrets
      case .cpuid: .cpuid
      case .svsmCAA, .kernelHashes: .zero
      }
    try digest.load(type, at: UInt64(section.base), size: Int(section.size))
    add(.section(section.kind), type, UInt64(section.base), Int(section.size))
  }

  mutating func start(_ pages: VMSAPages) throws(CryptoError) {
    let (boot, application) = (try SHA384.hash(pages.boot), try SHA384.hash(pages.application))
    for vcpu in 0..<pages.count {
      try digest.load(.vmsa, at: SNPLaunchDigest.vmsaAddress, digests: vcpu == 0 ? boot : application)
      add(.vmsa(vcpu: vcpu), .vmsa, SNPLaunchDigest.vmsaAddress, VMSA.size)
    }
  }

  private mutating func add(
    _ content: MeasuredStep.Content, _ type: SNPPageType, _ address: UInt64, _ size: Int
  ) {
    steps.append(
      MeasuredStep(content: content, type: type, address: address, size: size, digest: digest.value))
  }
}
