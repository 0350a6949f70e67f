import Bytes
import CVMCore
import Foundation
import SEV
import Testing

@Suite("a launch with a session of files") struct SessionLaunchTests {
  let desk: Desk
  var prefix: String { desk.scratch.file("s") }

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}")
    _ = try create()
  }

  @discardableResult
  private func create(policy: String = "0x3", prefix: String? = nil) throws -> SessionDescription {
    try desk.core.createSession(
      for: .host(allowsSimulated: true), policy: policy, type: nil, consent: PolicyConsent(),
      prefix: prefix ?? self.prefix)
  }

  /// Leaves the public halves, and the keys where only their owner looks.
  private func separate() throws {
    for part in ["_tek.bin", "_tik.bin"] {
      try FileManager.default.moveItem(atPath: prefix + part, toPath: desk.scratch.file("owner" + part))
    }
  }

  private func start(paused: Bool = false, _ secrets: [SecretSource] = []) throws -> LaunchRecord {
    try #require(
      desk.start(StartOptions(staysPaused: paused, secrets: secrets, sessionPrefix: prefix)).launch)
  }

  private func packet(_ name: String = "p") throws -> String {
    let record = try desk.record()
    let measurement =
      try #require(record.measurement.flatMap(Hex.decode)) + #require(record.nonce.flatMap(Hex.decode))
    let prefix = desk.scratch.file(name)
    _ = try SecretFiles.build(
      tikFile: desk.scratch.file("owner_tik.bin"), tekFile: desk.scratch.file("owner_tek.bin"),
      measurement: Base64.encode(measurement), secrets: [desk.secret], firmware: nil, prefix: prefix,
      base64: false)
    return prefix
  }

  @Test func `with its keys is appraised here`() throws {
    let record = try start([desk.secret])
    #expect(record.verdict == .match && record.outcome == .running && record.secretsInjected == 1)
    let live = try #require(desk.host.live)
    let text = String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: prefix + "_session.b64")), as: UTF8.self)
    #expect(live.contains(text) && desk.hasCleanDefinition())
  }

  @Test func `made for another policy starts nothing`() throws {
    try desk.define("launch: {type: sev, policy: strict}")
    desk.host.forgetCalls()
    guard case .refused? = refusal({ _ = try start() }) else {
      Issue.record("started")
      return
    }
    #expect(!desk.host.calls.contains("startPaused"))
  }

  @Test func `made for another platform is not opened by this one`() throws {
    desk.host.platform = try TestPlatform()
    guard case .backend(.launchFailed)? = refusal({ _ = try start() }) else {
      Issue.record("started")
      return
    }
    #expect(try desk.record().outcome == .failed && !desk.keepsKeys() && desk.host.state == .shutOff)
  }

  @Test func `without its keys waits for its owner`() throws {
    try separate()
    let record = try start(paused: true)
    #expect(record.verdict == .pending && record.outcome == .paused && record.attestable)
    #expect(record.measurement != nil && record.expectedMeasurement == nil)
    #expect(try !desk.keepsKeys() && desk.host.state == .paused)
    #expect(refusal { _ = try desk.core.perform(.resume(ownerAccepted: false), on: "web1") } != nil)
    #expect(refusal { _ = try desk.core.verifyLaunch("web1", ReferenceFiles(), digest: nil) } != nil)
    #expect(!desk.host.calls.contains("resume") && desk.host.state == .paused)
    #expect(try desk.core.perform(.resume(ownerAccepted: true), on: "web1").state == "running")
    #expect(try desk.record().verdict == .pending, "nobody here knows better")
  }

  @Test func `without its keys cannot run at once, nor take a secret from here`() throws {
    try separate()
    desk.host.forgetCalls()
    for act in [{ _ = try start() }, { _ = try start(paused: true, [desk.secret]) }] as [() throws -> Void] {
      guard case .usage? = refusal(act) else {
        Issue.record("started")
        return
      }
    }
    #expect(!desk.host.calls.contains("startPaused"))
    _ = try start(paused: true)
    #expect(refusal { _ = try desk.core.injectSecrets(.secrets([desk.secret]), into: "web1") } != nil)
    #expect(!desk.host.calls.contains("inject"))
  }

  @Test func `is known to match once the AMD-SP took its owner's packet, which it does once`() throws {
    try separate()
    _ = try start(paused: true)
    let record = try desk.core.injectSecrets(.packet(prefix: packet()), into: "web1")
    #expect(record.verdict == .match && record.secretsInjected == 1 && desk.host.secrets.count == 1)
    #expect(refusal { _ = try desk.core.injectSecrets(.packet(prefix: packet("q")), into: "web1") } != nil)
    #expect(desk.host.secrets.count == 1 && desk.host.calls.count { $0 == "inject" } == 1)
    #expect(try desk.core.perform(.resume(ownerAccepted: false), on: "web1").state == "running")
  }

  @Test func `stays unjudged where the AMD-SP refused the packet`() throws {
    try separate()
    _ = try start(paused: true)
    let prefix = try packet()
    var header = Array(try Data(contentsOf: URL(fileURLWithPath: prefix + "_header.bin")))
    header[51] ^= 1
    try desk.scratch.write(header, to: "p_header.bin")
    guard
      case .backend(.launchFailed)? = refusal({
        _ = try desk.core.injectSecrets(.packet(prefix: prefix), into: "web1")
      })
    else {
      Issue.record("taken")
      return
    }
    #expect(try desk.record().verdict == .pending && desk.record().secretsInjected == 0)
    #expect(refusal { _ = try desk.core.perform(.resume(ownerAccepted: false), on: "web1") } != nil)
    #expect(try desk.core.injectSecrets(.packet(prefix: packet("q")), into: "web1").verdict == .match)
  }

  @Test func `is not given a packet where the guest was launched anew behind everybody's back`() throws {
    try separate()
    _ = try start(paused: true)
    let prefix = try packet()
    desk.host.script.telling = { info in
      var info = info
      info.measurement?[5] ^= 1
      return info
    }
    guard
      case .measurementMismatch? = refusal({
        _ = try desk.core.injectSecrets(.packet(prefix: prefix), into: "web1")
      })
    else {
      Issue.record("given")
      return
    }
    #expect(!desk.host.calls.contains("inject"))
  }
}
