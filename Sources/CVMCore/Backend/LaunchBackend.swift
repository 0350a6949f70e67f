/// Where guests run: a libvirt host or a simulated one.
///
/// `LaunchBackendContract` in the tests holds every conformance to what stands here:
/// - a call ends within the time limit that the backend was made with (or a command's calls together do): then it throws `.timeout`, or `.outcomeUnknown` where an
///   act was sent and its fate could not be learned;
/// - a throw from `startPaused` leaves no guest running and no process behind, or says `.outcomeUnknown`;
/// - `startPaused` runs no instruction of the guest and leaves the stored definition untouched;
/// - `launchSecurity` is what the (simulated) AMD-SP said, never computed from the definition.
package protocol LaunchBackend: AnyObject {
  /// As the user gave it.
  var uri: String { get }
  /// True where everything is simulated by construction (`sim:///`). A libvirt host may turn out simulated too:
  /// see `SEVPlatform.isSimulated`.
  var isSimulated: Bool { get }
  /// Whether several threads may use one object; otherwise each needs its own.
  var servesSeveralThreads: Bool { get }

  /// A command goes on to its next guest: its time limit counts from here.
  func restartTimeLimit()

  // MARK: Host

  func hostname() throws(BackendError) -> String
  /// The URI that the host calls itself by.
  func canonicalURI() throws(BackendError) -> String
  func version() throws(BackendError) -> HostVersion
  /// libvirt's host capabilities document.
  func capabilities() throws(BackendError) -> String
  /// libvirt's domain capabilities document.
  func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(BackendError) -> String
  /// What `virsh nodesevinfo` shows. Throws `.unsupported` on a host without SEV.
  func sevPlatform() throws(BackendError) -> SEVPlatform
  /// What AMD's key server would say of this platform. Only a simulated host can answer; nil elsewhere, where the owner imports it.
  func endorsements() throws(BackendError) -> PlatformEndorsements?

  // MARK: Guests

  /// Every guest with its state, in one bulk call that never waits for a busy guest. Active ones in the order of their ids,
  /// then inactive ones by name.
  func guests(_ filter: GuestFilter) throws(BackendError) -> [GuestState]
  /// Nil where there is no such guest.
  func guest(named name: String) throws(BackendError) -> GuestState?
  func guest(_ uuid: GuestUUID) throws(BackendError) -> GuestState?
  func guest(id: Int) throws(BackendError) -> GuestState?
  /// What `virsh dominfo` shows.
  func info(_ uuid: GuestUUID) throws(BackendError) -> GuestInfo
  /// The domain XML: the stored definition, or what runs.
  func domainXML(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(BackendError) -> String

  /// Validates the XML against libvirt's schema and stores it as the definition.
  func define(xml: String) throws(BackendError) -> GuestState
  func undefine(_ uuid: GuestUUID, _ options: UndefineOptions) throws(BackendError)

  /// Starts the stored definition, as `virsh start`. Only for guests without launch security.
  func start(_ uuid: GuestUUID, paused: Bool) throws(BackendError)
  func shutdown(_ uuid: GuestUUID) throws(BackendError)
  func reboot(_ uuid: GuestUUID) throws(BackendError)
  func reset(_ uuid: GuestUUID) throws(BackendError)
  func suspend(_ uuid: GuestUUID) throws(BackendError)
  /// Lets a paused guest run (again).
  func resume(_ uuid: GuestUUID) throws(BackendError)
  /// Ends the guest at once. `graceful`: fails rather than kill the emulator by force.
  func destroy(_ uuid: GuestUUID, graceful: Bool) throws(BackendError)

  // MARK: Launch

  /// Starts a guest from `xml` (name and UUID of a defined guest; policy, owner's certificate and session inside) and leaves it
  /// paused, measured, before its first instruction.
  func startPaused(_ uuid: GuestUUID, xml: String) throws(BackendError) -> PausedGuest
  /// What `virsh domlaunchsecinfo` shows of an active guest; nil for a guest without launch security.
  func launchSecurity(_ uuid: GuestUUID) throws(BackendError) -> LaunchSecurityInfo?
  /// Hands a launch secret to the AMD-SP. `header` is the 52-byte packet header, `payload` the encrypted table; `address` nil:
  /// where the firmware's table says.
  func inject(
    header: [UInt8], payload: [UInt8], address: UInt64?, into uuid: GuestUUID
  ) throws(BackendError)
}

extension LaunchBackend {
  package var servesSeveralThreads: Bool { false }

  package func endorsements() throws(BackendError) -> PlatformEndorsements? { nil }

  package func restartTimeLimit() {}

  /// Ends the launch by letting the guest run.
  package func resume(_ guest: consuming PausedGuest) throws(BackendError) { try resume(guest.uuid) }

  /// Ends the launch by destroying the guest.
  package func destroy(_ guest: consuming PausedGuest) throws(BackendError) {
    try destroy(guest.uuid, graceful: false)
  }
}

/// A guest that was launched and has not run an instruction yet. Not copyable: resuming or destroying it twice does not compile.
package struct PausedGuest: ~Copyable {
  package let uuid: GuestUUID
  /// libvirt's id of this run.
  package let id: Int

  package init(uuid: GuestUUID, id: Int) {
    self.uuid = uuid
    self.id = id
  }
}
