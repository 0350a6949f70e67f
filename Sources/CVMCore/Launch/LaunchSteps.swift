import Attestation
import Bytes
import CVMCrypto
import Documents
import SEV

/// The steps of a launch, each with what it reads and what it leaves.
extension Launcher {
  /// The host's definition has to be the recorded one in everything that a launch depends on; it is the base of what is started,
  /// since the host has filled in addresses that should stay.
  mutating func checkDefinition() throws(CoreError) -> String {
    let uuid = guest.uuid
    let held = try core.hosted { backend throws(BackendError) in try backend.domainXML(uuid, .inactive) }
    let document: XMLElement
    let found: GuestDefinition
    do {
      document = try XMLElement.parse(Array(held.utf8))
      found = try GuestDefinition(domain: document)
    } catch {
      throw .policy(.drift(guest: guest.name, differences: ["the definition cannot be read"]))
    }
    let drift = definition.drift(to: found)
    guard drift.isEmpty else { throw .policy(.drift(guest: guest.name, differences: drift)) }
    guard found.launchSecurity?.session == nil, found.launchSecurity?.dhCert == nil else {
      throw .policy(.drift(guest: guest.name, differences: ["a stored session"]))
    }
    domain = document
    return ""
  }

  mutating func checkPolicy() throws(CoreError) -> String {
    try options.consent.require(policy)
    if definition.hasNVRAM { throw .policy(.writableFirmwareStore(guest: guest.name)) }
    if definition.kernel != nil, definition.launchSecurity?.kernelHashes != true,
      !options.allowsUnmeasuredKernel
    {
      throw .policy(.unmeasuredKernel(guest: guest.name))
    }
    guard !options.allowsUnattestable || (options.secrets.isEmpty && guest.secrets.isEmpty) else {
      throw .policy(.unattestable(guest: guest.name))
    }
    if !options.secrets.isEmpty || !options.staysPaused {
      let (core, record) = (core, record)
      secrets = try LaunchSecrets(options.secrets, expected: guest.secrets) { name throws(CoreError) in
        try core.launchKey(name, for: record)
      }
    }
    return policy.text
  }

  mutating func predict() throws(CoreError) -> String {
    let core = core
    let inputs = try MeasuredInputs(definition, options.references, hostSignature: { core.hostSignature() })
    try secrets?.requireArea(of: inputs.launch.firmware.image, path: inputs.firmwarePath)
    let digest = try inputs.digest()
    self.inputs = inputs
    record.firmware = inputs.firmwarePath
    record.firmwareDigest = try inputs.firmwareDigest(launchDigest: digest)
    record.expectedDigest = Hex.encode(digest)
    record.vmsaGeneration = inputs.launch.vcpus?.generation.rawValue
    try requireReference(inputs)
    return Hex.encode(digest)
  }

  /// Before anything is started: the launch to come is the one that a reference value says.
  private mutating func requireReference(_ inputs: MeasuredInputs) throws(CoreError) {
    guard let name = options.reference else { return }
    let reference = try core.reliedReference(name, for: guest.name)
    (record.referenceName, record.referenceVersion) = (reference.name, reference.version)
    let facts = try LaunchFacts(definition, options.references, inputs)
    record.differences = reference.expected.differences(to: facts)
    guard record.differences.isEmpty else {
      throw .referenceMismatch(reference: reference.title, differences: record.differences)
    }
  }

  /// The platform's chain is verified before its PDH is used; keys and record are on disk before anything is started.
  mutating func makeSession() throws(CoreError) -> String {
    // A launch that is refused for being simulated says so in its record too.
    record.simulated = try core.isSimulated()
    let platform = try core.launchPlatform(
      allowsSimulated: options.allowsSimulated, attestable: record.attestable)
    record.simulated = platform.isSimulated
    if record.attestable {
      guard let sevPolicy = policy.sev, let pdh = platform.pdh else {
        throw .unsupported("SEV-SNP guests have no launch session")
      }
      if session == nil { session = try OwnerSession(pdh: pdh, policy: sevPolicy) }
    }
    try core.begin(record, keys: session?.keys)
    return record.attestable ? (platform.isSimulated ? "simulated platform" : "platform verified") : "none"
  }

  /// What runs is read back: libvirt starts a definition without launch security as happily as one with it.
  mutating func measure() throws(CoreError) -> String {
    let uuid = guest.uuid
    let live = try core.hosted { backend throws(BackendError) in try backend.domainXML(uuid, .live) }
    let found: GuestDefinition
    do {
      found = try GuestDefinition(domain: try XMLElement.parse(Array(live.utf8)))
    } catch {
      throw .policy(.drift(guest: guest.name, differences: ["what runs cannot be read"]))
    }
    var drift = definition.drift(to: found)
    if let session {
      if found.launchSecurity?.session?.trimmingBlanks != session.sessionText { drift.append("session") }
      if found.launchSecurity?.dhCert?.trimmingBlanks != session.dhCertText {
        drift.append("owner's certificate")
      }
    }
    guard drift.isEmpty else { throw .policy(.drift(guest: guest.name, differences: drift)) }
    let info = try core.hosted { backend throws(BackendError) in try backend.launchSecurity(uuid) }
    guard let info else { throw .policy(.drift(guest: guest.name, differences: ["launch security"])) }
    record.apiVersion = "\(info.apiMajor).\(info.apiMinor)"
    record.buildId = Int(info.buildID)
    let evidence = try LaunchEvidence(info, guest: guest.name)
    record.measurement = Hex.encode(evidence.measurement.hmac)
    record.nonce = Hex.encode(evidence.measurement.nonce)
    self.evidence = evidence
    return record.measurement ?? ""
  }

  mutating func appraise() throws(CoreError) -> String {
    guard record.attestable else { return "skipped: no session, nothing is proved" }
    guard let session, let inputs, let evidence else { throw .conflict("nothing was measured", hint: nil) }
    guard let keys = session.keys else { return "left to the owner of the session" }
    let appraisal = try inputs.appraise(evidence, policy: session.policy, tik: keys.tik)
    record.expectedMeasurement = Hex.encode(appraisal.expected.hmac)
    record.differences = appraisal.verdict.differences.map(\.summary)
    guard let launch = appraisal.verdict.launch else {
      throw .measurementMismatch(guest: guest.name, differences: record.differences)
    }
    appraised = launch
    return "match"
  }

  /// Once, after a match in this launch; the count is on disk before the packet leaves.
  mutating func giveSecret() throws(CoreError) -> String {
    guard let keys = session?.keys, let appraised, let secrets,
      let packet = try secrets.packet(for: appraised, keys: keys)
    else { return "none" }
    record.verdict = .match
    try core.spendInjection(of: &record, count: secrets.table?.entries.count ?? 0)
    let uuid = guest.uuid
    do {
      try core.hosted { backend throws(BackendError) in
        try backend.inject(header: packet.header, payload: packet.ciphertext, address: nil, into: uuid)
      }
    } catch {
      if case .backend(.outcomeUnknown) = error { throw error }  // it may have been taken
      record.secretsInjected = 0
      throw error
    }
    return "\(record.secretsInjected)"
  }

  mutating func keepRecord() throws(CoreError) -> String { record.id }
}
