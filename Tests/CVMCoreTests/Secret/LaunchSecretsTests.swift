import Bytes
import CVMCore
import CVMCrypto
import SEV
import Testing

@Suite("the secrets of a launch") struct LaunchSecretsTests {
  let desk: Desk
  static let guid = "0d9f3e1c-8b1e-4f5c-9d84-3a2a0e4b7c11"

  init() throws { desk = try Desk() }

  private func source(_ name: String, _ file: String = "secret") -> SecretSource {
    SecretSource(name: name, path: desk.scratch.file(file))
  }

  private func start(_ secrets: [SecretSource]) throws -> LaunchRecord {
    try #require(desk.start(StartOptions(secrets: secrets)).launch)
  }

  private func expectRefused(_ secrets: [SecretSource], _ check: (CoreError) -> Bool) throws {
    desk.host.forgetCalls()
    let problem = refusal { _ = try start(secrets) }
    guard let problem, check(problem) else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(!desk.host.calls.contains("startPaused") && desk.host.secrets.isEmpty)
    #expect(try desk.record().outcome == .failed && desk.record().secretsInjected == 0)
  }

  private func isUsage(_ error: CoreError) -> Bool { if case .usage = error { true } else { false } }

  @Test func `go by the definition's name, by GUID or by alias`() throws {
    for (name, guid) in [("disk", Self.guid), (Self.guid, Self.guid), (Self.guid.uppercased(), Self.guid)] {
      let desk = try Desk()
      try desk.define("launch: {type: sev}", "secrets: [{name: disk, guid: \(Self.guid)}]")
      _ = try desk.start(StartOptions(secrets: [SecretSource(name: name, path: desk.scratch.file("secret"))]))
      #expect(desk.host.secrets.first?.entries.map(\.guid.description) == [guid])
    }
  }

  @Test func `may be several, in the order that they were given`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, guid: \(Self.guid)}]")
    try desk.scratch.write("another", to: "second")
    let record = try start([source("luks-key", "second"), source("disk")])
    #expect(record.secretsInjected == 2 && desk.host.secrets.count == 1, "one packet")
    let entries = try #require(desk.host.secrets.first).entries
    #expect(entries.map(\.guid.description) == [SecretTable.luksKey.description, Self.guid])
    #expect(entries[0].secret == SecretBytes(copying: Array("another".utf8)))
  }

  @Test func `that the definition names have to be given`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk}, {name: other, guid: \(Self.guid)}]")
    try expectRefused([], isUsage)
    try expectRefused([source("disk")]) { error in
      if case .usage(let text, _) = error { text.contains("'other'") } else { false }
    }
    #expect(try start([source("disk"), source("other")]).secretsInjected == 2)
  }

  @Test func `that nobody knows by name are refused`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk}]")
    for name in ["disc", "", "LUKS-KEY", "{\(Self.guid)}", "0d9f3e1c"] {
      try expectRefused([source("disk"), source(name)], isUsage)
    }
  }

  @Test func `given twice under one GUID, or empty, are refused`() throws {
    try desk.define("launch: {type: sev}", "secrets: [{name: disk}]")
    try desk.scratch.write("", to: "empty")
    try expectRefused([source("disk"), source("luks-key")], isUsage)
    try expectRefused([source("disk", "empty")], isUsage)
  }

  @Test func `are read from files that only their owner may read`() throws {
    try desk.define("launch: {type: sev}")
    try desk.scratch.write("secret", to: "open", mode: 0o644)
    try expectRefused([source("luks-key", "open")]) { error in
      if case .file(_, .tooOpen(mode: 0o644)) = error { true } else { false }
    }
    try expectRefused([source("luks-key", "nowhere")]) { error in
      if case .file(_, .missing) = error { true } else { false }
    }
  }

  @Test func `need a firmware that has room for them`() throws {
    let cases: [([UInt8], FirmwareShortcoming?)] = [
      (Firmware.image(secret: nil), .noSecretArea), (Firmware.image(secret: (0, 0)), .noSecretArea),
      (Firmware.image(secret: (0x80D000, 47)), .secretAreaTooSmall(needed: 48, area: 47)),
      (Firmware.image(secret: (0x80D004, 4096)), nil),
    ]
    try desk.define("launch: {type: sev}")
    for (image, expected) in cases {
      try desk.scratch.write(image, to: "ex.fd")
      try expectRefused([desk.secret]) { error in
        switch error {
        case .unsupportedFirmware(_, let found): found == expected
        case .unsupported: expected == nil
        default: false
        }
      }
      #expect(try desk.record().steps.last?.name == .expectedDigest)
    }
    try desk.scratch.write(Firmware.image(secret: (0x80D000, 48)), to: "ex.fd")
    #expect(try start([desk.secret]).secretsInjected == 1)
  }

  @Test func `are not more than one packet carries`() throws {
    try desk.scratch.write(Firmware.image(secret: (0x80D000, 0x10000)), to: "ex.fd")
    try desk.define("launch: {type: sev}")
    try desk.scratch.write(Array(repeating: 1, count: 16 * 1024 - 39), to: "secret")
    let problem = refusal { _ = try start([desk.secret]) }
    #expect(problem.map(isUsage) == true, "\(String(describing: problem))")
    #expect(!desk.host.calls.contains("inject") && !desk.host.calls.contains("resume"))
    #expect(desk.host.state == .shutOff)
  }

  @Test func `are in no record and no log`() throws {
    try desk.define("launch: {type: sev}")
    let record = try start([desk.secret])
    #expect(!"\(record)".contains("secret!!"))
    #expect(!"\(try desk.core.launchHistory(nil, limit: 9))".contains("secret!!"))
  }
}
