/// A guest as listings and most verbs show it: the host's view joined with the store's facts.
package struct GuestOverview: Encodable, Equatable, Sendable {
  package var id: Int?
  package var name: String
  package var uuid: GuestUUID
  /// virsh's word, or `missing` for a guest whose definition vanished from the host.
  package var state: String
  package var reason: String?
  package var tenant: String
  /// Nil where nothing protects the guest, or where cvmctl has no record of it.
  package var type: LaunchType?
  package var confidential: Bool
  /// `0x00000003`
  package var policy: String?
  package var policyName: String?
  package var allowsDebug: Bool
  package var allowsKeySharing: Bool
  package var labels: [String: String]
  package var simulated: Bool

  package var isActive: Bool { RunState(rawValue: state)?.isActive ?? false }
}

/// What `dominfo` shows.
package struct GuestDetails: Encodable, Equatable, Sendable {
  package var name: String
  package var id: Int?
  package var uuid: GuestUUID
  package var osType: String
  package var state: String
  package var reason: String?
  package var vcpus: Int
  package var cpuSeconds: Double
  /// Bytes.
  package var maxMemory: UInt64
  /// Bytes.
  package var usedMemory: UInt64
  package var persistent: Bool
  package var autostart: Bool
  package var managedSave: Bool
  package var tenant: String
  package var type: LaunchType?
  package var confidential: Bool
  package var policy: String?
  package var policyName: String?
  package var labels: [String: String]
  package var simulated: Bool
}

/// What `domlaunchsecinfo` shows.
package struct LaunchSecurityDetails: Encodable, Equatable, Sendable {
  package var guest: String
  package var uuid: GuestUUID
  /// base64, as libvirt gives it.
  package var measurement: String?
  package var apiMajor: UInt8
  package var apiMinor: UInt8
  package var buildId: UInt8
  /// `0x00000003`
  package var policy: String?
  package var simulated: Bool

  /// virsh prints the policy as a decimal number.
  package var policyNumber: UInt64?
  package var isSNP: Bool

  private enum CodingKeys: String, CodingKey {
    case guest, uuid, measurement, apiMajor, apiMinor, buildId, policy, simulated
  }
}
