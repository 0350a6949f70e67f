import Attestation
import Bytes
import CVMCrypto
import Glibc
import SEV

/// A launch's digest and everything that it was predicted from.
package struct LaunchFacts: Codable, Equatable, Sendable {
  package var type: LaunchType
  /// `0x00000003`; nil: any.
  package var policy: String?
  /// Hex: 32 bytes, for SEV-SNP 48.
  package var digest: String
  /// Nil where the digest alone is known.
  package var firmware: MeasuredFile?
  /// Nil: none is measured. Likewise the next two.
  package var kernel: MeasuredFile?
  package var initrd: MeasuredFile?
  package var commandLine: CommandLine?
  /// Nil where no vCPU is measured. Likewise the next three.
  package var vcpus: Int?
  /// `0x00a00f11`
  package var cpuSignature: String?
  package var vmsaGeneration: String?
  /// `0x0`
  package var guestFeatures: String?

  package struct MeasuredFile: Codable, Equatable, Sendable {
    package var path: String
    /// Hex.
    package var sha256: String
    /// Bytes.
    package var size: Int
  }

  package struct CommandLine: Codable, Equatable, Sendable {
    package var text: String
    /// Of the text and one NUL, as it is measured; hex.
    package var sha256: String
    /// Bytes of the text.
    package var size: Int
  }
}

extension LaunchFacts {
  /// Of a definition whose inputs were read.
  init(
    _ definition: GuestDefinition, _ references: ReferenceFiles, _ inputs: MeasuredInputs
  ) throws(CoreError) {
    let (security, launch) = (definition.launchSecurity, inputs.launch)
    type = security?.type ?? .sev
    policy = security?.policy.text
    digest = Hex.encode(try inputs.digest())
    firmware = try MeasuredFile(inputs.firmwarePath, launch.firmware.digest)
    if let hashes = launch.kernel, let path = references.kernel ?? definition.kernel {
      kernel = try MeasuredFile(path, hashes.kernel)
      initrd = try (references.initrd ?? definition.initrd).map { path throws(CoreError) in
        try MeasuredFile(path, hashes.initrd)
      }
      let text = definition.commandLine ?? ""
      commandLine = CommandLine(
        text: text, sha256: Hex.encode(hashes.commandLine), size: text.utf8.count)
    }
    if let measured = launch.vcpus {
      vcpus = measured.count
      cpuSignature = measured.signature.description
      vmsaGeneration = measured.generation.rawValue
      guestFeatures = "0x" + String(measured.features, radix: 16)
    }
  }

  /// A digest that somebody else predicted.
  package init(type: LaunchType, policy: PolicyValue?, digest: [UInt8]) throws(CoreError) {
    guard digest.count == Self.digestSize(of: type) else {
      throw .usage("the digest of a \(type.rawValue) launch has \(Self.digestSize(of: type)) bytes")
    }
    self.type = type
    self.policy = policy?.text
    self.digest = Hex.encode(digest)
  }

  static func digestSize(of type: LaunchType) -> Int { type == .sevSNP ? 48 : SEVLaunchDigest.size }

  /// The digest's bytes. Throws where a value, though signed, is of no use.
  func digestBytes() throws(CoreError) -> [UInt8] {
    guard let bytes = Hex.decode(digest), bytes.count == Self.digestSize(of: type) else {
      throw .refused("a reference value's digest is not one of a \(type.rawValue) launch")
    }
    return bytes
  }
}

extension LaunchFacts.MeasuredFile {
  /// A file that was hashed just now.
  fileprivate init(_ path: String, _ sha256: [UInt8]) throws(CoreError) {
    self.path = path
    self.sha256 = Hex.encode(sha256)
    size = Int(try Descriptor(opening: path).regular(path, limit: InputFile.kernelLimit).st_size)
  }

  /// The file's SHA-256 now, where it is another one; nil where it is the same, or cannot be read.
  var changed: String? {
    guard let now = try? InputFile.digest(path, limit: InputFile.kernelLimit) else { return nil }
    return Hex.encode(now) == sha256 ? nil : Hex.encode(now)
  }
}

/// A changed input is not a changed expectation: the file at the same path has other bytes, or something else is asked for.
extension LaunchFacts {
  /// In what `now` differs from these recorded facts, a line each; what was not recorded is not compared.
  func differences(to now: LaunchFacts) -> [String] {
    var (changed, other): ([String], [String]) = ([], [])
    func compare(_ what: String, _ recorded: String?, _ now: String?) {
      guard recorded != now else { return }
      other.append("the expectation differs: \(what) \(now ?? "none"), recorded \(recorded ?? "none")")
    }
    func compare(_ what: String, _ recorded: MeasuredFile?, _ now: MeasuredFile?) {
      guard recorded?.sha256 != now?.sha256 else { return }
      if let recorded, let now, recorded.path == now.path {
        changed.append(recorded.change(what, to: now.sha256))
      } else {
        compare(what, recorded?.text, now?.text)
      }
    }
    compare("launch type", type.rawValue, now.type.rawValue)
    if policy != nil { compare("policy", policy, now.policy) }
    if firmware != nil {
      compare("firmware", firmware, now.firmware)
      compare("kernel", kernel, now.kernel)
      compare("initrd", initrd, now.initrd)
      compare("command line", commandLine.map { "'\($0.text)'" }, now.commandLine.map { "'\($0.text)'" })
      compare("vCPUs", vcpus.map(String.init), now.vcpus.map(String.init))
      compare("CPU signature", cpuSignature, now.cpuSignature)
      compare("VMSA generation", vmsaGeneration, now.vmsaGeneration)
      compare("guest features", guestFeatures, now.guestFeatures)
    }
    if changed.isEmpty, other.isEmpty { compare("digest", digest, now.digest) }
    return changed + other
  }

  /// The files that no longer are what they were, a line each.
  func changedFiles() -> [String] {
    [("firmware", firmware), ("kernel", kernel), ("initrd", initrd)].compactMap { what, file in
      guard let file, let now = file.changed else { return nil }
      return file.change(what, to: now)
    }
  }
}

extension LaunchFacts.MeasuredFile {
  fileprivate var text: String { "\(path) (sha256 \(sha256))" }

  fileprivate func change(_ what: String, to now: String) -> String {
    "\(what) \(path) changed since it was recorded (sha256 \(now), recorded \(sha256))"
  }
}
