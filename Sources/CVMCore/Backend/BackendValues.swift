/// Which guests a listing wants.
package struct GuestFilter: Equatable, Sendable {
  package var active: Bool
  package var inactive: Bool

  package init(active: Bool = true, inactive: Bool = true) {
    self.active = active
    self.inactive = inactive
  }
}

/// A guest as a listing shows it.
package struct GuestState: Equatable, Sendable {
  package var uuid: GuestUUID
  package var name: String
  /// Nil while inactive.
  package var id: Int?
  package var state: RunState
  /// virsh's word for why: `booted`, `user`, `destroyed`, `crashed`, `starting up`, …; nil where unknown.
  package var reason: String?

  package init(uuid: GuestUUID, name: String, id: Int?, state: RunState, reason: String?) {
    self.uuid = uuid
    self.name = name
    self.id = id
    self.state = state
    self.reason = reason
  }
}

/// What `virsh dominfo` shows beside the state.
package struct GuestInfo: Equatable, Sendable {
  package var state: GuestState
  package var osType: String
  package var vcpus: Int
  /// Seconds of CPU time.
  package var cpuTime: Double
  /// Bytes.
  package var maxMemory: UInt64
  /// Bytes.
  package var usedMemory: UInt64
  package var persistent: Bool
  package var autostart: Bool
  package var managedSave: Bool

  package init(
    state: GuestState, osType: String, vcpus: Int, cpuTime: Double, maxMemory: UInt64, usedMemory: UInt64,
    persistent: Bool, autostart: Bool, managedSave: Bool
  ) {
    self.state = state
    self.osType = osType
    self.vcpus = vcpus
    self.cpuTime = cpuTime
    self.maxMemory = maxMemory
    self.usedMemory = usedMemory
    self.persistent = persistent
    self.autostart = autostart
    self.managedSave = managedSave
  }
}

/// Which document of a guest is asked for.
package enum DomainXMLForm: Equatable, Sendable {
  /// What runs; the stored definition for an inactive guest.
  case live
  /// The stored definition.
  case inactive
}

package struct UndefineOptions: Equatable, Sendable {
  package var removeNVRAM: Bool
  package var keepNVRAM: Bool
  package var managedSave: Bool
  package var snapshotsMetadata: Bool

  package init(
    removeNVRAM: Bool = false, keepNVRAM: Bool = false, managedSave: Bool = false,
    snapshotsMetadata: Bool = false
  ) {
    self.removeNVRAM = removeNVRAM
    self.keepNVRAM = keepNVRAM
    self.managedSave = managedSave
    self.snapshotsMetadata = snapshotsMetadata
  }
}

package struct DomainCapabilitiesQuery: Equatable, Sendable {
  package var emulator: String?
  package var architecture: String?
  package var machine: String?
  /// `kvm` or `qemu`.
  package var virtType: String?

  package init(
    emulator: String? = nil, architecture: String? = nil, machine: String? = nil, virtType: String? = nil
  ) {
    self.emulator = emulator
    self.architecture = architecture
    self.machine = machine
    self.virtType = virtType
  }
}

/// Version numbers, libvirt's way of writing them: `9.0.0`. Nil where the host has no such part.
package struct HostVersion: Equatable, Sendable {
  package var library: String?
  package var daemon: String?
  package var hypervisorType: String
  package var hypervisor: String?

  package init(library: String?, daemon: String?, hypervisorType: String, hypervisor: String?) {
    self.library = library
    self.daemon = daemon
    self.hypervisorType = hypervisorType
    self.hypervisor = hypervisor
  }
}

/// The platform's identity and limits, as libvirt's `virNodeGetSEVInfo` reports them: all of it is the host's own word until
/// the chain is verified.
package struct SEVPlatform: Equatable, Sendable {
  /// The PDH certificate, 2084 bytes.
  package var pdh: [UInt8]
  /// PEK, OCA and CEK, 3 × 2084 bytes; the CEK is unsigned.
  package var certificateChain: [UInt8]
  /// GET_ID, 64 bytes; nil where libvirt does not tell.
  package var cpu0ID: [UInt8]?
  package var cbitPosition: UInt32
  package var reducedPhysicalBits: UInt32
  /// 0 also where libvirt could not read CPUID: never a reason to refuse.
  package var maxGuests: UInt32
  package var maxESGuests: UInt32

  package init(
    pdh: [UInt8], certificateChain: [UInt8], cpu0ID: [UInt8]?, cbitPosition: UInt32,
    reducedPhysicalBits: UInt32, maxGuests: UInt32, maxESGuests: UInt32
  ) {
    self.pdh = pdh
    self.certificateChain = certificateChain
    self.cpu0ID = cpu0ID
    self.cbitPosition = cbitPosition
    self.reducedPhysicalBits = reducedPhysicalBits
    self.maxGuests = maxGuests
    self.maxESGuests = maxESGuests
  }
}

/// What `virsh domlaunchsecinfo` shows: the AMD-SP's word on a launch.
package struct LaunchSecurityInfo: Equatable, Sendable {
  /// 48 bytes: HMAC 32, MNONCE 16. Nil for SEV-SNP.
  package var measurement: [UInt8]?
  package var apiMajor: UInt8
  package var apiMinor: UInt8
  package var buildID: UInt8
  /// The policy of a SEV or SEV-ES launch.
  package var policy: UInt32?
  /// The policy of a SEV-SNP launch.
  package var snpPolicy: UInt64?

  package init(
    measurement: [UInt8]?, apiMajor: UInt8, apiMinor: UInt8, buildID: UInt8, policy: UInt32?,
    snpPolicy: UInt64?
  ) {
    self.measurement = measurement
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    self.buildID = buildID
    self.policy = policy
    self.snpPolicy = snpPolicy
  }
}

/// What stands above a platform's own certificates.
package struct PlatformEndorsements: Equatable, Sendable {
  /// The CEK with the ASK's signature, 2084 bytes.
  package var cek: [UInt8]
  /// ASK and ARK.
  package var ca: [UInt8]

  package init(cek: [UInt8], ca: [UInt8]) {
    self.cek = cek
    self.ca = ca
  }
}
