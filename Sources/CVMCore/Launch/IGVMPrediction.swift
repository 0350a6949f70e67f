import Bytes
import CVMCrypto
package import SEV

/// The launch digest of a SEV-SNP guest that is launched from an IGVM file. Digests in hex.
package struct IGVMPrediction: Encodable, Equatable, Sendable {
  package var igvm: String
  package var type = LaunchType.sevSNP
  package var digest: String
  package var formatVersion: UInt32
  package var vcpus: Int
  package var policy: String?
  /// How a page without bytes is measured: `zero`, `normal`.
  package var emptyPages: String
  package var idBlock: IDBlockFacts?
  package var pages: [PageGroup]
  package var warnings: [String]
  package let simulated = false

  /// Pages that were measured one after the other, and the digest after them.
  package struct PageGroup: Encodable, Equatable, Sendable {
    package var gpa: String
    package var pages: Int
    package var type: String
    package var digest: String
  }

  /// The ID block in the file.
  package struct IDBlockFacts: Encodable, Equatable, Sendable {
    package var measurement: String
    /// It is of this launch.
    package var matches: Bool
    /// Its signatures are good.
    package var signed: Bool
    package var familyId: String
    package var imageId: String
    package var guestSvn: UInt32
    package var idKeyDigest: String
    package var authorKeyDigest: String?
  }

  /// - Parameter vcpus: nil for as many as the file has register states for.
  package static func predict(
    _ path: String, vcpus: Int?, emptyPages: IGVMFile.EmptyPages
  ) throws(CoreError) -> IGVMPrediction {
    let file = try read(path)
    let contexts = file.contexts.count
    guard vcpus == nil || vcpus == contexts else {
      throw .unsupported(
        "\(path): has the register states of \(contexts) vCPUs, not of \(vcpus ?? 0): KVM measures one a vCPU",
        hint: "ask for --vcpus \(contexts)")
    }
    do {
      return try IGVMPrediction(file, path, emptyPages)
    } catch {
      throw .crypto(error)
    }
  }

  static func read(_ path: String) throws(CoreError) -> IGVMFile {
    let bytes = try InputFile.read(path, limit: IGVMFile.sizeLimit)
    do { return try IGVMFile(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }

  private init(
    _ file: IGVMFile, _ path: String, _ emptyPages: IGVMFile.EmptyPages
  ) throws(CryptoError) {
    var groups: [PageGroup] = []
    let digest = try file.launchDigest(emptyPages: emptyPages) { groups.append(PageGroup($0)) }
    igvm = path
    self.digest = Hex.encode(digest)
    formatVersion = file.version
    vcpus = file.contexts.count
    policy = file.policy?.description
    self.emptyPages = emptyPages.rawValue
    idBlock = try file.idBlock.map { block throws(CryptoError) in
      try IDBlockFacts(block, policy: file.policy ?? SNPPolicy(rawValue: 0), digest: digest)
    }
    pages = groups
    warnings = []
    if let offset = file.lateInsert {
      warnings.append(
        "offset \(offset): a parameter area after a page: QEMU measures it before the pages just in front of it, and comes to another digest"
      )
    }
    if idBlock?.matches == false {
      warnings.append("the ID block is of another launch: the firmware refuses to finish this one")
    }
    if idBlock?.signed == false {
      warnings.append("the ID block's signatures are not good: the firmware refuses to finish this launch")
    }
  }
}

extension IGVMPrediction.PageGroup {
  fileprivate init(_ step: IGVMFile.Step) {
    self.init(
      gpa: "0x" + String(step.gpa, radix: 16), pages: step.pages, type: String(describing: step.type),
      digest: Hex.encode(step.digest))
  }
}

extension IGVMPrediction.IDBlockFacts {
  fileprivate init(_ source: IGVMIDBlock, policy: SNPPolicy, digest: [UInt8]) throws(CryptoError) {
    let block = try source.block(policy: policy)
    let (isSigned, author) = (try source.auth.signs(block), try source.auth.authorSignsKey())
    self.init(
      measurement: Hex.encode(block.launchDigest), matches: block.launchDigest == digest,
      signed: isSigned && author != false,
      familyId: Hex.encode(block.familyID), imageId: Hex.encode(block.imageID), guestSvn: block.guestSVN,
      idKeyDigest: Hex.encode(try source.auth.idKeyDigest()),
      authorKeyDigest: try source.auth.authorKeyDigest().map(Hex.encode))
  }
}
