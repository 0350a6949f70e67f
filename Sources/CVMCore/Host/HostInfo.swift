import Attestation
import Bytes
import CVMCrypto

/// The platform as `host info` shows it.
package struct HostInfo: Encodable, Equatable, Sendable {
  package var host: String
  package var uri: String
  package var sev: Bool
  package var simulated: Bool
  package var cbitPosition: UInt32?
  package var reducedPhysicalBits: UInt32?
  /// 0 where the host could not tell.
  package var maxGuests: UInt32?
  package var maxEsGuests: UInt32?
  /// GET_ID, hex.
  package var platformId: String?
  /// SHA-256 of the PDH certificate, hex.
  package var pdhDigest: String?
  /// `verified`, `refused: …`, or `none`.
  package var certificates: String
  package var product: String?
  package var libvirt: String?
  package var hypervisor: String?
}

extension Core {
  package func hostInfo() throws(CoreError) -> HostInfo {
    let version = try hostVersion()
    var info = HostInfo(
      host: try hostname(), uri: try canonicalURI(), sev: false, simulated: try isSimulated(),
      cbitPosition: nil,
      reducedPhysicalBits: nil, maxGuests: nil, maxEsGuests: nil, platformId: nil, pdhDigest: nil,
      certificates: "none", product: nil, libvirt: version.daemon,
      hypervisor: version.hypervisor.map { "\(version.hypervisorType) \($0)" } ?? version.hypervisorType)
    let presented: PresentedPlatform
    do {
      presented = try platform()
    } catch {
      guard case .backend(.unsupported) = error else { throw error }
      return info
    }
    let verification = PlatformVerification(
      try chain(of: presented.platform).verify(against: .amd.and(.simulated)))
    info.sev = true
    info.simulated = presented.isSimulated || verification.simulated
    info.cbitPosition = presented.platform.cbitPosition
    info.reducedPhysicalBits = presented.platform.reducedPhysicalBits
    info.maxGuests = presented.platform.maxGuests
    info.maxEsGuests = presented.platform.maxESGuests
    info.platformId = presented.platform.cpu0ID.map { Hex.encode($0) }
    info.product = verification.product
    info.certificates = Self.text(verification)
    do {
      info.pdhDigest = Hex.encode(try SHA256.hash(presented.platform.pdh))
    } catch {
      throw .crypto(error)
    }
    return info
  }

  private static func text(_ verification: PlatformVerification) -> String {
    guard verification.accepted else {
      let failed = verification.checks.first { $0.result == "fail" }
      return "refused: \(failed.map { "\($0.id): \($0.reason ?? "failed")" } ?? "unknown")"
    }
    return verification.simulated ? "verified (simulated root)" : "verified"
  }
}
