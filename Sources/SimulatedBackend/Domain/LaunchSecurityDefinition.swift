import Bytes
import CVMCore
import Documents
import SEV
import SecureProcessor

/// `<launchSecurity type='sev'>`. By libvirt's schema: every child once, in any order.
struct LaunchSecurityDefinition: Equatable {
  let policy: SEVPolicy
  let cbitPosition: UInt32?
  let reducedPhysicalBits: UInt32?
  let kernelHashes: Bool
  /// Base64, unchecked as libvirt leaves it.
  let certificate: String?
  let session: String?

  private static let children: Set<String> = [
    "policy", "cbitpos", "reducedPhysBits", "dhCert", "session", "handle",
  ]

  init(_ element: XMLElement) throws(BackendError) {
    switch element.attribute("type") {
    case "sev": break
    case "sev-snp": throw .unsupported(reason: "a simulated host has SEV and SEV-ES, not SEV-SNP")
    default: throw .malformed("Invalid value for attribute 'type' in element 'launchSecurity'")
    }
    let names = element.elements.map(\.name)
    guard names.allSatisfy(Self.children.contains), Set(names).count == names.count else {
      throw .malformed("unknown or repeated child of element 'launchSecurity'")
    }
    guard let policy = Self.policy(element.text(at: "policy")) else {
      throw .malformed("failed to get launch security policy")
    }
    self.policy = policy
    cbitPosition = try Self.number(element, "cbitpos")
    reducedPhysicalBits = try Self.number(element, "reducedPhysBits")
    switch element.attribute("kernelHashes") {
    case "yes": kernelHashes = true
    case "no", nil: kernelHashes = false
    default: throw .malformed("Invalid value for attribute 'kernelHashes' in element 'launchSecurity'")
    }
    certificate = element.text(at: "dhCert")
    session = element.text(at: "session")
  }

  /// Hexadecimal with or without 0x, lower case, at most 32 bits.
  private static func policy(_ text: String?) -> SEVPolicy? {
    guard var digits = text?[...], !digits.isEmpty else { return nil }
    if digits.hasPrefix("0x") { digits = digits.dropFirst(2) }
    let isLowerCase = digits.utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
    }
    guard isLowerCase, let value = UInt32(digits, radix: 16) else { return nil }
    return SEVPolicy(rawValue: value)
  }

  private static func number(_ element: XMLElement, _ name: String) throws(BackendError) -> UInt32? {
    guard let text = element.text(at: name) else { return nil }
    let isDecimal = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isDecimal, let value = UInt32(text) else {
      throw .malformed("failed to get launch security \(name)")
    }
    return value
  }

  /// As libvirt prints it: at least four digits.
  var policyText: String {
    let digits = String(policy.rawValue, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }

  /// What QEMU reads from libvirt's two files. Nil without a certificate: the firmware does not look at a
  /// session alone.
  func launchSession() throws(BackendError) -> LaunchSession? {
    guard let certificate, !certificate.isEmpty else { return nil }
    return LaunchSession(
      certificate: try Self.bytes(certificate, "dhCert"), blob: try Self.bytes(session ?? "", "session"))
  }

  /// Base64 with white space, which a document may have broken into lines.
  private static func bytes(_ text: String, _ name: String) throws(BackendError) -> [UInt8] {
    let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    let compact = text.utf8.filter { !blanks.contains($0) }
    guard let bytes = Base64.decode(String(decoding: compact, as: UTF8.self)) else {
      throw .launchFailed(reason: "\(name) is not base64", status: nil)
    }
    return bytes
  }
}
