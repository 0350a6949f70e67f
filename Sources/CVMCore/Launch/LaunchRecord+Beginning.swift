import Bytes
import CVMCrypto
import StateStore

extension LaunchRecord {
  /// The record of a launch that begins.
  init(
    of guest: RecordedGuest, _ definition: GuestDefinition, _ policy: PolicyValue, _ core: Core,
    attestable: Bool
  ) throws(CoreError) {
    let backend = try core.backend()
    do {
      id = Hex.encode(try Random.bytes(8))
    } catch {
      throw .crypto(error)
    }
    self.guest = guest.name
    uuid = guest.uuid
    tenant = core.tenant
    host = try core.hostname()
    uri = backend.uri
    self.backend = backend.isSimulated ? .simulated : .libvirt
    simulated = backend.isSimulated
    trust = HostURI.isRemote(backend.uri) ? .remote : .local
    type = policy.type
    self.policy = policy.text
    policyName = guest.row.summary.policyName
    allowsDebug = policy.allowsDebug
    allowsKeySharing = policy.allowsKeySharing
    self.attestable = attestable
    kernelHashes = definition.launchSecurity?.kernelHashes ?? false
    vcpus = definition.vcpus
    verdict = .pending
    differences = []
    secretsInjected = 0
    outcome = .pending
    startedAt = Timestamp.now().description
    steps = []
  }
}
