import Bytes
package import CVMCore
import CVMCrypto
import Foundation
import SEV
import Testing

/// What every `LaunchBackend` promises, as functions that a test target calls for its own backend. Leaves no
/// guest behind where it passes. Guests get names and UUIDs of their own, so that several runs can share a
/// host.
package struct LaunchBackendContract: Sendable {
  /// A new connection to the host; each is used by one thread.
  package let connect: @Sendable () throws -> any LaunchBackend
  /// The domain document of a guest.
  package let document: @Sendable (Guest) -> String
  /// The firmware that `document` names, as it is on the host.
  package let firmware: String
  /// Seconds after which an asynchronous host has done what it was told.
  package var patience = 10.0

  package init(
    connect: @escaping @Sendable () throws -> any LaunchBackend,
    document: @escaping @Sendable (Guest) -> String,
    firmware: String
  ) {
    self.connect = connect
    self.document = document
    self.firmware = firmware
  }

  /// A guest to be described by a domain document.
  package struct Guest: Sendable {
    package var name = "contract-\(UUID().uuidString.prefix(8).lowercased())"
    package var uuid = UUID().uuidString.lowercased()
    /// Nil: a guest without launch security.
    package var policy: UInt32? = 3
    package var vcpus = 1
    package var certificate: String?
    package var session: String?

    /// The name, as a document carries it.
    package var nameInXML: String {
      let entities: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
      return name.map { entities[$0] ?? String($0) }.joined()
    }
  }

  /// A guest owner of one launch.
  struct Owner {
    let key: P384.PrivateKey
    let keys: TransportKeys

    init() throws {
      key = try P384.PrivateKey()
      keys = try TransportKeys(tek: .random(16), tik: .random(16))
    }

    /// The guest with a session for this platform; `boundTo`: the policy that the session is made for.
    func equip(_ guest: Guest, for platform: SEVPlatform, boundTo policy: UInt32? = nil) throws -> Guest {
      var guest = guest
      let blob = try LaunchBlob.create(
        ownerKey: key, pdh: SEVCertificate(parsing: platform.pdh),
        policy: SEVPolicy(rawValue: policy ?? guest.policy ?? 0), keys: keys, nonce: Random.bytes(16),
        iv: Random.bytes(16))
      guest.session = Base64.encode(blob.serialized())
      guest.certificate = Base64.encode(
        try SEVCertificate.ownerDH(publicKey: key.publicKey).serialized())
      return guest
    }

    func secret(_ info: LaunchSecurityInfo, _ bytes: [UInt8]) throws -> SecretPacket {
      let entry = SecretTable.Entry(guid: SecretTable.luksKey, secret: SecretBytes(copying: bytes))
      let measurement = try LaunchMeasurement(parsing: info.measurement ?? [])
      return try SecretPacket.seal(
        SecretTable([entry]).plaintext(), keys: keys, measurement: measurement.hmac, iv: Random.bytes(16))
    }
  }

  /// An address in every guest's RAM, where no firmware keeps anything at launch.
  static let secretAddress: UInt64 = 0x810000

  // MARK: Definitions

  package func definitionsAreKept() throws {
    let backend = try connect()
    let guest = Guest()
    let uuid = try uuid(of: guest)
    #expect(try backend.guest(uuid) == nil)
    #expect(try backend.guest(named: guest.name) == nil)
    let defined = try backend.define(xml: document(guest))
    #expect(defined.uuid == uuid && defined.name == guest.name)
    #expect(defined.state == .shutOff && defined.id == nil && defined.reason == nil)
    #expect(try backend.guest(uuid) == defined)
    #expect(try connect().guest(named: guest.name) == defined)
    #expect(try backend.guests(GuestFilter()).contains(defined))
    #expect(try backend.guests(GuestFilter(active: false)).contains(defined))
    #expect(try !backend.guests(GuestFilter(inactive: false)).contains { $0.uuid == uuid })
    let xml = try backend.domainXML(uuid, .inactive)
    #expect(xml.contains("<name>\(guest.name)</name>") && xml.contains("<uuid>\(guest.uuid)</uuid>"))
    let info = try backend.info(uuid)
    #expect(info.persistent && info.vcpus == 1 && info.maxMemory > 0 && info.state == defined)
    try backend.undefine(uuid, UndefineOptions())
    #expect(try backend.guest(uuid) == nil)
    expectNotFound { try backend.undefine(uuid, UndefineOptions()) }
    expectNotFound { _ = try backend.domainXML(uuid, .inactive) }
  }

  package func namesAndUUIDsAreUnique() throws {
    let backend = try connect()
    let guest = Guest()
    _ = try backend.define(xml: document(guest))
    defer { remove(guest) }
    _ = try backend.define(xml: document(guest))  // the same again is a change, not a conflict
    var sameName = Guest()
    sameName.name = guest.name
    expectConflict { _ = try backend.define(xml: document(sameName)) }
    var sameUUID = Guest()
    sameUUID.uuid = guest.uuid
    expectConflict { _ = try backend.define(xml: document(sameUUID)) }
    #expect(try backend.guest(named: sameUUID.name) == nil)
  }

  package func namesAreCarriedExactly() throws {
    let backend = try connect()
    var guest = Guest()
    guest.name += " & <b> \"q\" 'a' $(id) ; \u{202E}ünï"
    let defined = try backend.define(xml: document(guest))
    defer { remove(guest) }
    #expect(defined.name == guest.name)
    #expect(try backend.guest(named: guest.name)?.uuid == defined.uuid)
  }

  package func activeGuestsComeFirst() throws {
    let backend = try connect()
    let prefix = Guest().name
    let guests = ["d", "b", "c", "a"].map { Guest(name: "\(prefix)-\($0)", policy: nil) }
    defer { guests.forEach { remove($0) } }
    for guest in guests { _ = try backend.define(xml: document(guest)) }
    for guest in guests.prefix(2) { try backend.start(try uuid(of: guest), paused: true) }
    let listed = try backend.guests(GuestFilter()).filter { $0.name.hasPrefix(prefix) }
    #expect(listed.map { String($0.name.suffix(1)) } == ["d", "b", "a", "c"])  // by id, then by name
    #expect(listed.map(\.state) == [.paused, .paused, .shutOff, .shutOff])
    #expect(try backend.guests(GuestFilter(inactive: false)).allSatisfy { $0.id != nil })
    #expect(try backend.guests(GuestFilter(active: false)).allSatisfy { $0.id == nil })
  }

  package func badDocumentsAreRefused() throws {
    let backend = try connect()
    let guest = Guest()
    let good = document(guest)
    let bad = [
      "", "<domain", "<network/>",
      good.replacingOccurrences(of: guest.uuid, with: "no-uuid"),
      good.replacingOccurrences(of: "<name>\(guest.name)</name>", with: ""),
      good.replacingOccurrences(of: "<policy>0x0003</policy>", with: ""),
    ]
    for xml in bad {
      #expect(throws: BackendError.self) { _ = try backend.define(xml: xml) }
    }
    #expect(try backend.guest(named: guest.name) == nil)
  }

  package func unknownGuestsAreNotFound() throws {
    let backend = try connect()
    let uuid = try uuid(of: Guest())
    #expect(try backend.guest(uuid) == nil)
    #expect(try backend.guest(named: "no-such-guest") == nil)
    #expect(try backend.guest(id: 1_000_000) == nil)
    expectNotFound { _ = try backend.info(uuid) }
    expectNotFound { try backend.start(uuid, paused: true) }
    expectNotFound { try backend.resume(uuid) }
    expectNotFound { try backend.suspend(uuid) }
    expectNotFound { try backend.shutdown(uuid) }
    expectNotFound { try backend.reset(uuid) }
    expectNotFound { try backend.destroy(uuid, graceful: false) }
    expectNotFound { _ = try backend.launchSecurity(uuid) }
  }

  // MARK: Platform

  package func thePlatformNamesItself() throws {
    let backend = try connect()
    #expect(try !backend.hostname().isEmpty && !backend.canonicalURI().isEmpty)
    #expect(try backend.capabilities().contains("<capabilities>"))
    let capabilities = try backend.domainCapabilities(DomainCapabilitiesQuery(virtType: "qemu"))
    #expect(capabilities.contains("<sev supported='yes'>"))
    let platform = try backend.sevPlatform()
    #expect(platform.certificateChain.count == 3 * SEVCertificate.size)
    let pdh = try SEVCertificate(parsing: platform.pdh)
    let pek = try SEVCertificate(parsing: Array(platform.certificateChain[..<SEVCertificate.size]))
    try pdh.checkSignature(by: pek.signer)
  }

  // MARK: Launch

  package func aLaunchIsMeasuredForItsOwner(policy: UInt32, vcpus: Int = 1) throws {
    try withLaunch(policy: policy, vcpus: vcpus) { backend, guest, owner, uuid in
      let info = try #require(try backend.launchSecurity(uuid))
      let measured = try LaunchMeasurement(parsing: info.measurement ?? [])
      #expect(info.policy == policy && info.snpPolicy == nil)
      let image = try MeasuredFirmware(parsing: Array(Data(contentsOf: URL(fileURLWithPath: firmware))))
      let signature = CPUSignature(rawValue: 0x0006_0FB1)  // qemu64, which `document` asks for
      let es = SEVPolicy(rawValue: policy).es
      let digest = try SEVLaunchDigest.compute(
        firmware: image, vcpus: es ? MeasuredVCPUs(count: vcpus, signature: signature) : nil)
      let expected = try LaunchMeasurement.compute(
        apiMajor: info.apiMajor, apiMinor: info.apiMinor, build: info.buildID,
        policy: SEVPolicy(rawValue: policy), digest: digest, nonce: measured.nonce, tik: owner.keys.tik)
      #expect(measured == expected)
      #expect(try connect().launchSecurity(uuid) == info)
    }
  }

  package func aLaunchIsPausedAndLeavesTheDefinition() throws {
    try withLaunch(policy: 3) { backend, guest, owner, uuid in
      let state = try #require(try backend.guest(uuid))
      #expect(state.state == .paused && state.reason == "user")
      let id = try #require(state.id)
      #expect(try backend.guest(id: id)?.uuid == uuid)
      let stored = try backend.domainXML(uuid, .inactive)
      #expect(!stored.contains("<session>") && !stored.contains("<dhCert>"))
      let live = try backend.domainXML(uuid, .live)
      #expect(live.contains("<cbitpos>") && live.contains("<policy>0x0003</policy>"))
      expectConflict { _ = try backend.startPaused(uuid, xml: document(guest)) }
      expectConflict { try backend.start(uuid, paused: true) }
    }
  }

  package func aSessionForAnotherPolicyStartsNothing() throws {
    let backend = try connect()
    let guest = Guest()
    let uuid = try uuid(of: guest)
    _ = try backend.define(xml: document(guest))
    defer { remove(guest) }
    let owner = try Owner()
    let equipped = try owner.equip(guest, for: backend.sevPlatform(), boundTo: 1)
    do {
      _ = try backend.startPaused(uuid, xml: document(equipped))
      Issue.record("a session for another policy was launched")
    } catch {
      guard case .launchFailed(let reason, let status) = error else {
        Issue.record("another error: \(error)")
        return
      }
      #expect(status == FirmwareStatus.badMeasurement.rawValue)
      #expect(reason.contains("LAUNCH_START") && reason.contains("fw_error=11"))
    }
    #expect(try backend.guest(uuid)?.state == .shutOff)
    #expect(try backend.guest(uuid)?.id == nil)
    expectConflict { _ = try backend.launchSecurity(uuid) }
  }

  package func secretsAreForTheMeasuredLaunchAlone() throws {
    try withLaunch(policy: 3) { backend, guest, owner, uuid in
      let info = try #require(try backend.launchSecurity(uuid))
      let packet = try owner.secret(info, Array("a passphrase".utf8))
      var wrong = packet.header
      wrong[20] ^= 1
      do throws(BackendError) {
        try backend.inject(header: wrong, payload: packet.ciphertext, address: Self.secretAddress, into: uuid)
        Issue.record("a wrong packet was taken")
      } catch {
        guard case .launchFailed(_, let status) = error else {
          Issue.record("another error: \(error)")
          return
        }
        #expect(status == FirmwareStatus.badMeasurement.rawValue)
      }
      try backend.inject(
        header: packet.header, payload: packet.ciphertext, address: Self.secretAddress, into: uuid)
      #expect(try backend.guest(uuid)?.state == .paused)
      try backend.resume(uuid)
      expectConflict {
        try backend.inject(
          header: packet.header, payload: packet.ciphertext, address: Self.secretAddress, into: uuid)
      }
    }
  }

  package func aSecondLaunchIsAnotherOne() throws {
    let backend = try connect()
    let guest = Guest()
    let uuid = try uuid(of: guest)
    _ = try backend.define(xml: document(guest))
    defer { remove(guest) }
    var seen: [LaunchSecurityInfo] = []
    var ids: [Int] = []
    for _ in 0..<2 {
      let equipped = try Owner().equip(guest, for: backend.sevPlatform())
      let paused = try backend.startPaused(uuid, xml: document(equipped))
      ids.append(paused.id)
      seen.append(try #require(try backend.launchSecurity(uuid)))
      try backend.destroy(paused)
      #expect(try backend.guest(uuid)?.reason == "destroyed")
    }
    #expect(ids[1] > ids[0])
    #expect(seen[0].measurement != seen[1].measurement)
  }

  // MARK: Life

  package func aGuestLives() throws {
    try withLaunch(policy: 3) { backend, guest, owner, uuid in
      try backend.resume(uuid)
      #expect(try backend.guest(uuid)?.state == .running)
      #expect(try backend.guest(uuid)?.reason == "unpaused")
      expectConflict { try backend.resume(uuid) }
      try backend.suspend(uuid)
      #expect(try backend.guest(uuid)?.state == .paused)
      try backend.suspend(uuid)
      try backend.resume(uuid)
      try backend.destroy(uuid, graceful: false)
      #expect(try backend.guest(uuid)?.state == .shutOff)
      #expect(try backend.guest(uuid)?.reason == "destroyed")
      expectConflict { try backend.destroy(uuid, graceful: false) }
      expectConflict { try backend.suspend(uuid) }
      expectConflict { try backend.resume(uuid) }
      expectConflict { try backend.shutdown(uuid) }
      expectConflict { try backend.reboot(uuid) }
      expectConflict { try backend.reset(uuid) }
      expectConflict { _ = try backend.launchSecurity(uuid) }
    }
  }

  package func aGuestWithoutLaunchSecurityStarts() throws {
    let backend = try connect()
    var guest = Guest()
    guest.policy = nil
    let uuid = try uuid(of: guest)
    _ = try backend.define(xml: document(guest))
    defer { remove(guest) }
    try backend.start(uuid, paused: true)
    #expect(try backend.guest(uuid)?.state == .paused)
    #expect(try backend.launchSecurity(uuid) == nil)
    try backend.resume(uuid)
    #expect(try backend.guest(uuid)?.state == .running)
    #expect(throws: BackendError.self) {
      try backend.inject(
        header: [UInt8](repeating: 0, count: 52), payload: [UInt8](repeating: 0, count: 16),
        address: Self.secretAddress, into: uuid)
    }
  }

  package func anUndefinedRunningGuestIsTransient() throws {
    try withLaunch(policy: 3) { backend, guest, owner, uuid in
      try backend.undefine(uuid, UndefineOptions())
      #expect(try backend.info(uuid).persistent == false)
      expectConflict { try backend.undefine(uuid, UndefineOptions()) }
      try backend.destroy(uuid, graceful: false)
      #expect(try backend.guest(uuid) == nil)
    }
  }

  /// A SEV-ES guest has no reset: the emulator ends.
  package func aResetEndsASEVESGuest() throws {
    try withLaunch(policy: 7) { backend, guest, owner, uuid in
      try backend.resume(uuid)
      try backend.reset(uuid)
      #expect(try becomes(backend, uuid) { $0?.state == .shutOff })
    }
  }

  // MARK: Means

  /// Defines and launches a guest with a session of its own, and removes it afterwards.
  private func withLaunch(
    policy: UInt32, vcpus: Int = 1,
    _ body: (any LaunchBackend, Guest, Owner, GuestUUID) throws -> Void
  ) throws {
    let backend = try connect()
    var guest = Guest()
    guest.policy = policy
    guest.vcpus = vcpus
    let uuid = try uuid(of: guest)
    _ = try backend.define(xml: document(guest))
    defer { remove(guest) }
    let owner = try Owner()
    let equipped = try owner.equip(guest, for: backend.sevPlatform())
    let paused = try backend.startPaused(uuid, xml: document(equipped))
    #expect(paused.uuid == uuid && paused.id > 0)
    _ = consume paused
    try body(backend, equipped, owner, uuid)
  }

  private func uuid(of guest: Guest) throws -> GuestUUID {
    try #require(GuestUUID(rawValue: guest.uuid))
  }

  private func remove(_ guest: Guest) {
    guard let backend = try? connect(), let uuid = GuestUUID(rawValue: guest.uuid) else { return }
    _ = try? backend.destroy(uuid, graceful: false)
    _ = try? backend.undefine(uuid, UndefineOptions())
  }

  private func becomes(
    _ backend: any LaunchBackend, _ uuid: GuestUUID, _ isReached: (GuestState?) -> Bool
  ) throws -> Bool {
    let end = Date(timeIntervalSinceNow: patience)
    while Date() < end {
      if isReached(try backend.guest(uuid)) { return true }
      usleep(20_000)
    }
    return false
  }

  private func expectConflict(
    _ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    expect(body, location) { if case .conflict = $0 { true } else { false } }
  }

  private func expectNotFound(
    _ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    expect(body, location) { if case .guestNotFound = $0 { true } else { false } }
  }

  private func expect(
    _ body: () throws -> Void, _ location: SourceLocation, _ isExpected: (BackendError) -> Bool
  ) {
    do {
      try body()
      Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as BackendError {
      if !isExpected(error) { Issue.record("another error: \(error)", sourceLocation: location) }
    } catch {
      Issue.record("another error: \(error)", sourceLocation: location)
    }
  }
}
