import CVMCrypto
import Glibc
package import SEV

/// The launches of a request, each file of it read and hashed once.
package struct DigestSweep: Sendable {
  private let request: DigestRequest
  private let base: Base
  private let hashes: [KernelHashes?]

  private enum Base: Sendable {
    case legacy(MeasuredFirmware)
    case snp(SNPLoad)
  }

  /// Reads the files.
  package init(_ request: DigestRequest) throws(CoreError) {
    self.request = request
    base = try Self.base(of: request)
    var known: [HashedInput: [UInt8]] = [:]
    var hashes: [KernelHashes?] = []
    for boot in request.boots { hashes.append(try Self.hashes(of: boot, &known)) }
    self.hashes = hashes.isEmpty ? [nil] : hashes
  }

  /// One prediction for each combination: direct boots outside, then processors, then vCPU counts.
  /// - Parameter explained: with the steps that lead to the digest.
  package func predictions(explained: Bool = false) throws(CoreError) -> [DigestPrediction] {
    if request.mode == .snpFirmware, case .snp(let load) = base {
      return [prediction(load.steps, boot: nil, processor: nil, vcpus: nil, explained)]
    }
    var predictions: [DigestPrediction] = []
    for (index, kernel) in hashes.enumerated() {
      let boot = request.boots.isEmpty ? nil : request.boots[index]
      for processor in request.processors.isEmpty ? [nil] : request.processors.map(Optional.some) {
        let steps = try steps(kernel, processor, vcpus: request.vcpus.max() ?? 1)
        let shared = steps.prefix { if case .vmsa = $0.content { false } else { true } }.count
        for count in request.vcpus.isEmpty ? [nil] : request.vcpus.map(Optional.some) {
          let own = request.mode == .sev ? steps[...] : steps.prefix(shared + (count ?? 0))
          predictions.append(
            prediction(
              Array(explained ? own : own.suffix(1)), boot: boot, processor: processor, vcpus: count,
              explained))
        }
      }
    }
    return predictions
  }

  /// The VMSA pages of the request's one launch; nil for SEV, which measures none.
  package func vmsaPages() throws(CoreError) -> VMSAPages? {
    do {
      let vcpus = vcpus(request.processors.first, request.vcpus.max() ?? 1)
      switch base {
      case .legacy(let firmware):
        return request.mode == .sev ? nil : try SEVLaunchDigest.vmsaPages(firmware: firmware, vcpus: vcpus)
      case .snp(let load): return try SNPLaunch(load: load, vcpus: vcpus).vmsaPages()
      }
    } catch {
      throw .unmeasurable(error, in: described)
    }
  }

  /// The file that errors are about.
  private var described: String {
    if case .snpSVSM(let image, _) = request.mode { image } else { request.firmware }
  }

  private func steps(
    _ kernel: KernelHashes?, _ processor: DigestRequest.Processor?, vcpus count: Int
  ) throws(CoreError) -> [MeasuredStep] {
    do {
      switch base {
      case .legacy(let firmware):
        return try SEVLaunchDigest.steps(
          firmware: firmware, kernel: kernel, vcpus: request.mode == .sev ? nil : vcpus(processor, count))
      case .snp(let load):
        return try SNPLaunch(load: load, kernel: kernel, vcpus: vcpus(processor, count)).steps()
      }
    } catch {
      throw .unmeasurable(error, in: described)
    }
  }

  private func vcpus(_ processor: DigestRequest.Processor?, _ count: Int) -> MeasuredVCPUs {
    MeasuredVCPUs(
      count: count, signature: processor?.signature ?? CPUSignature(rawValue: 0),
      generation: request.mode == .sevES ? request.generation : .init2,
      features: request.features ?? (request.mode == .sevES ? 0 : 1), vmm: request.vmm)
  }

  private func prediction(
    _ steps: [MeasuredStep], boot: DirectBoot?, processor: DigestRequest.Processor?, vcpus: Int?,
    _ explained: Bool
  ) -> DigestPrediction {
    DigestPrediction(
      request, steps, boot: boot, processor: processor, vcpus: vcpus,
      measured: request.mode == .sev || vcpus == nil ? nil : self.vcpus(processor, vcpus ?? 1),
      isExplained: explained)
  }
}

extension DigestSweep {
  private static func base(of request: DigestRequest) throws(CoreError) -> Base {
    guard request.mode.type == .sevSNP else {
      return .legacy(try MeasuredFirmware(file: request.firmware))
    }
    let firmware = try SNPImage(file: request.firmware)
    guard case .snpSVSM(let path, let variables) = request.mode else {
      do { return .snp(try SNPLoad(firmware: firmware, precomputed: request.firmwareDigest)) } catch {
        throw .unmeasurable(error, in: request.firmware)
      }
    }
    let (svsm, space) = (try SNPImage(file: path), try variables.size())
    do { return .snp(try SNPLoad(firmware: firmware, svsm: svsm, variables: space)) } catch {
      throw .unmeasurable(error, in: path)
    }
  }

  private static func hashes(
    of boot: DirectBoot, _ known: inout [HashedInput: [UInt8]]
  ) throws(CoreError) -> KernelHashes {
    let kernel = try digest(of: boot.kernel, &known)
    let initrd: [UInt8]? = if let initrd = boot.initrd { try digest(of: initrd, &known) } else { nil }
    do {
      let commandLine: [UInt8]? =
        switch boot.commandLine {
        case .text(let text): try KernelHashes.digest(ofCommandLine: text)
        case .digest(let bytes): bytes
        case nil: nil
        }
      return try KernelHashes(
        kernelDigest: kernel, initrdDigest: initrd, commandLineDigest: commandLine)
    } catch {
      throw .crypto(error)
    }
  }

  private static func digest(
    of input: HashedInput, _ known: inout [HashedInput: [UInt8]]
  ) throws(CoreError) -> [UInt8] {
    switch input {
    case .digest(let bytes): return bytes
    case .file(let path):
      if let digest = known[input] { return digest }
      let digest = try InputFile.digest(path, limit: InputFile.kernelLimit)
      known[input] = digest
      return digest
    }
  }
}

extension DigestRequest.Variables {
  func size() throws(CoreError) -> Int {
    switch self {
    case .size(let bytes): return bytes
    case .file(let path):
      let file = try Descriptor(opening: path)
      return Int(try file.regular(path, limit: InputFile.firmwareLimit).st_size)
    }
  }
}

extension SNPImage {
  /// Reads an image file whole: its pages are hashed, its metadata may stand anywhere.
  init(file path: String) throws(CoreError) {
    let bytes = try InputFile.read(path, limit: InputFile.firmwareLimit)
    do { try self.init(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }
}

extension CoreError {
  /// A damaged image is a malformed file, a sound one that lacks something is not supported.
  static func unmeasurable(_ error: MeasureError, in path: String) -> CoreError {
    if case .malformedMetadata(let problem) = error { return .malformedBytes(source: path, problem) }
    return .unmeasurable(source: path, error)
  }
}
