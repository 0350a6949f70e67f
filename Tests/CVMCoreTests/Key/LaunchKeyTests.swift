import CVMCore
import CVMCrypto
import SEV
import Testing

@Suite("launch secrets from keys") struct LaunchKeyTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.scratch.write("passphrase", to: "pass")
    _ = try desk.core.importKey(
      "disk/web1", from: desk.scratch.file("pass"), purpose: "disk", algorithm: .opaque,
      rotation: KeyRotation())
  }

  private var named: StartOptions {
    StartOptions(secrets: [SecretSource(name: "luks-key", key: "disk/web1")])
  }

  private func given() -> [SecretBytes] { desk.host.secrets.flatMap(\.entries).map(\.secret) }
  private let passphrase = SecretBytes(copying: Array("passphrase".utf8))

  @Test func `a launch is given the key that is named, and the key knows the launch`() throws {
    try desk.define("launch: {type: sev}")
    let record = try #require(try desk.start(named).launch)
    #expect(record.secretsInjected == 1 && given() == [passphrase])
    let details = try desk.core.keyDetails("disk/web1")
    #expect(details.launches.map(\.launch) == [record.id] && details.launches.first?.guest == "web1")
    #expect(details.key.uses == 1 && details.guests.isEmpty)
    #expect(try desk.audit().contains("key.use done"))
  }

  @Test func `a definition names its key, and another source takes its place`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, key: disk/web1}]")
    #expect(try desk.core.keyDetails("disk/web1").guests.map(\.secret) == ["disk"])
    _ = try desk.start()
    #expect(given() == [passphrase])
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    _ = try desk.start(StartOptions(secrets: [SecretSource(name: "disk", path: desk.scratch.file("secret"))]))
    #expect(given().last == SecretBytes(copying: Array("secret!!".utf8)))
    #expect(try desk.core.keyDetails("disk/web1").key.uses == 1)
  }

  @Test func `a rotated key gives its new version`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, key: disk/web1}]")
    try desk.scratch.write("next", to: "next")
    _ = try desk.core.rotateKey("disk/web1", from: desk.scratch.file("next"))
    _ = try desk.start()
    #expect(given() == [SecretBytes(copying: Array("next".utf8))])
  }

  @Test(arguments: [KeyRevocation.compromised, .ceased, nil])
  func `a key that was revoked or destroyed stops the launch before the host hears of it`(
    _ reason: KeyRevocation?
  ) throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, key: disk/web1}]")
    if let reason {
      _ = try desk.core.revokeKey("disk/web1", version: nil, because: reason)
    } else {
      _ = try desk.core.destroyKey("disk/web1", version: nil)
    }
    desk.host.forgetCalls()
    for options in [StartOptions(), named] {
      guard case .policy(.keyState("disk/web1", 1, _)) = refusal({ _ = try desk.start(options) }) else {
        Issue.record("not refused for its state")
        continue
      }
    }
    #expect(!desk.host.calls.contains("startPaused") && given().isEmpty)
    #expect(try desk.audit().contains("key.use failed"))
  }

  @Test func `a key that is not there stops it too`() throws {
    try desk.define("launch: {type: sev}")
    let options = StartOptions(secrets: [SecretSource(name: "luks-key", key: "nobody")])
    guard case .notFound(.key, "nobody") = refusal({ _ = try desk.start(options) }) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func `a paused guest is given a key later`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, key: disk/web1}]")
    _ = try desk.start(StartOptions(staysPaused: true))
    #expect(given().isEmpty)
    _ = try desk.core.injectSecrets(
      .secrets([SecretSource(name: "disk", key: "disk/web1")]), into: "web1")
    #expect(given() == [passphrase])
  }

  @Test func `a secret's key has to have a key's name`() {
    for key in ["Upper", "a b", "../x", "''"] {
      #expect(
        refusal { try desk.define("launch: {type: sev}", "secrets: [{name: disk, key: \(key)}]") } != nil)
    }
  }
}
