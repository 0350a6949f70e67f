import Attestation
import Bytes
import CVMCore
import CVMCrypto
import Documents
import SEV

/// A host that answers as libvirt, QEMU and an AMD-SP would, or as its script says: it holds one guest.
final class ScriptedHost: LaunchBackend {
  /// What the script changes; nil or empty: an honest host.
  struct Script {
    /// Throws instead of the call of this name.
    var failures: [String: BackendError] = [:]
    /// What is started in the place of the document that was handed over.
    var starting: (String) -> String = { $0 }
    /// What `domainXML(.live)` shows in the place of what runs.
    var showing: (String) -> String = { $0 }
    /// What the AMD-SP measures; nil: what the files hold.
    var digest: [UInt8]?
    /// What `launchSecurity` tells in the place of the truth.
    var telling: (LaunchSecurityInfo) -> LaunchSecurityInfo? = { $0 }
    /// What happens elsewhere while the host is asked for its platform.
    var meanwhile: () -> Void = {}
  }

  let uri: String
  var isSimulated = false
  /// False: only the owner, who asked AMD, knows what stands above the CEK.
  var endorses = true
  /// The mark of a simulated AMD-SP stands in the chain.
  var marksChain = false
  var versions = HostVersion(library: "9.0.0", daemon: "9.0.0", hypervisorType: "QEMU", hypervisor: "7.2.0")
  var domainCapabilities = "<domainCapabilities/>"
  var platform: TestPlatform
  var script = Script()

  private(set) var calls: [String] = []
  /// What was asked of its guests, without what about.
  private(set) var questions: [String] = []
  private(set) var stored: String?
  private(set) var live: String?
  var state = RunState.shutOff
  private var launch: (info: LaunchSecurityInfo, keys: TransportKeys)?
  private var nextID = 1
  /// Plaintexts that the AMD-SP took.
  private(set) var secrets: [SecretTable] = []

  init(uri: String = "qemu:///scripted") throws {
    self.uri = uri
    platform = try TestPlatform()
  }

  func forgetCalls() {
    calls = []
    questions = []
  }

  /// Changes the stored definition behind everybody's back.
  func edit(_ old: String, _ new: String) {
    stored = stored.map { text in
      var parts: [Substring] = []
      var rest = text[...]
      while let range = rest.firstRange(of: old) {
        parts.append(rest[..<range.lowerBound])
        rest = rest[range.upperBound...]
      }
      return (parts + [rest]).joined(separator: new)
    }
  }

  private func call(_ name: String) throws(BackendError) {
    calls.append(name)
    if let failure = script.failures[name] { throw failure }
  }

  // MARK: Host

  func hostname() throws(BackendError) -> String { "scripted" }
  func canonicalURI() throws(BackendError) -> String { uri }
  func capabilities() throws(BackendError) -> String { "<capabilities/>" }
  func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(BackendError) -> String {
    domainCapabilities
  }
  func version() throws(BackendError) -> HostVersion { versions }
  func sevPlatform() throws(BackendError) -> SEVPlatform {
    try call("sevPlatform")
    script.meanwhile()
    var presented = platform.presented
    if marksChain {
      let start = presented.certificateChain.count - SEVCertificate.size + SimulatedMark.signatureOffset
      presented.certificateChain.replaceSubrange(
        start..<(start + SimulatedMark.unsignedCEK.count), with: SimulatedMark.unsignedCEK)
    }
    return presented
  }
  func endorsements() throws(BackendError) -> PlatformEndorsements? { endorses ? platform.endorsements : nil }

  // MARK: Guests

  private func guest() -> GuestState? {
    guard let stored, let root = try? XMLElement.parse(Array(stored.utf8)),
      let definition = try? GuestDefinition(domain: root), let uuid = definition.uuid
    else { return nil }
    return GuestState(
      uuid: uuid, name: definition.name, id: state.isActive ? nextID : nil, state: state, reason: nil)
  }

  func guests(_ filter: GuestFilter) throws(BackendError) -> [GuestState] { guest().map { [$0] } ?? [] }
  func guest(named name: String) throws(BackendError) -> GuestState? {
    questions.append("name")
    return guest().flatMap { $0.name == name ? $0 : nil }
  }
  func guest(_ uuid: GuestUUID) throws(BackendError) -> GuestState? {
    questions.append("uuid")
    return guest().flatMap { $0.uuid == uuid ? $0 : nil }
  }
  func guest(id: Int) throws(BackendError) -> GuestState? {
    questions.append("id")
    return guest().flatMap { $0.id == id ? $0 : nil }
  }

  func info(_ uuid: GuestUUID) throws(BackendError) -> GuestInfo { throw .unsupported(reason: "no info") }

  func domainXML(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(BackendError) -> String {
    try call(form == .live ? "domainXML live" : "domainXML inactive")
    guard let stored else { throw .guestNotFound(uuid.rawValue) }
    return form == .live ? script.showing(live ?? stored) : stored
  }

  func define(xml: String) throws(BackendError) -> GuestState {
    try call("define")
    stored = xml
    guard let state = guest() else { throw .invalidDefinition(reason: "no definition") }
    return state
  }

  func undefine(_ uuid: GuestUUID, _ options: UndefineOptions) throws(BackendError) {
    try call("undefine")
    stored = nil
  }

  func start(_ uuid: GuestUUID, paused: Bool) throws(BackendError) {
    try call("start")
    (live, state) = (stored, paused ? .paused : .running)
  }
  func shutdown(_ uuid: GuestUUID) throws(BackendError) { try act("shutdown", .shutOff) }
  func reboot(_ uuid: GuestUUID) throws(BackendError) { try act("reboot", .running) }
  func reset(_ uuid: GuestUUID) throws(BackendError) { try act("reset", .running) }
  func suspend(_ uuid: GuestUUID) throws(BackendError) { try act("suspend", .paused) }
  func resume(_ uuid: GuestUUID) throws(BackendError) { try act("resume", .running) }
  func destroy(_ uuid: GuestUUID, graceful: Bool) throws(BackendError) {
    try act("destroy", .shutOff)
    (live, launch) = (nil, nil)
  }

  private func act(_ name: String, _ next: RunState) throws(BackendError) {
    try call(name)
    state = next
  }

  // MARK: Launch

  func startPaused(_ uuid: GuestUUID, xml: String) throws(BackendError) -> PausedGuest {
    try call("startPaused")
    let xml = script.starting(xml)
    do {
      let definition = try GuestDefinition(domain: try XMLElement.parse(Array(xml.utf8)))
      launch = try measured(definition)
    } catch {
      throw .launchFailed(reason: "\(error)", status: nil)
    }
    (live, state) = (xml, .paused)
    nextID += 1
    return PausedGuest(uuid: uuid, id: nextID)
  }

  /// LAUNCH_START to LAUNCH_MEASURE.
  private func measured(_ definition: GuestDefinition) throws -> (LaunchSecurityInfo, TransportKeys)? {
    guard let security = definition.launchSecurity else { return nil }
    let policy = SEVPolicy(rawValue: UInt32(truncatingIfNeeded: security.policy.rawValue))
    var keys = try TransportKeys(tek: SecretBytes(count: 16), tik: SecretBytes(count: 16))
    if let session = security.session.flatMap(Base64.decode),
      let owner = security.dhCert.flatMap(Base64.decode)
    {
      keys = try LaunchBlob.unwrap(
        session: session, certificate: owner, platformKey: platform.pdhKey, policy: policy, apiMajor: 1,
        apiMinor: 55)
    }
    let digest =
      if let scripted = script.digest { scripted } else {
        try MeasuredInputs(definition, ReferenceFiles(), hostSignature: { nil }).digest()
      }
    let measurement = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: policy, digest: digest, nonce: try Random.bytes(16),
      tik: keys.tik)
    let info = LaunchSecurityInfo(
      measurement: measurement.serialized(), apiMajor: 1, apiMinor: 55, buildID: 21, policy: policy.rawValue,
      snpPolicy: nil)
    return (info, keys)
  }

  func launchSecurity(_ uuid: GuestUUID) throws(BackendError) -> LaunchSecurityInfo? {
    try call("launchSecurity")
    return launch.flatMap { script.telling($0.info) }
  }

  func inject(header: [UInt8], payload: [UInt8], address: UInt64?, into uuid: GuestUUID) throws(BackendError)
  {
    try call("inject")
    do {
      guard let launch, let measurement = launch.info.measurement else {
        throw BackendError.conflict(reason: "no launch")
      }
      let packet = try SecretPacket(header: header, payload: payload)
      secrets.append(
        try SecretTable(
          parsing: try packet.open(keys: launch.keys, measurement: Array(measurement.prefix(32)))))
    } catch {
      throw .launchFailed(reason: "LAUNCH_SECRET: \(error)", status: nil)
    }
  }
}
