import Bytes
import Documents
import StateStore
import Testing

@testable import CVMCore

@Suite("reference values") struct ReferenceValuesTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev-es}", "vcpus: 2")
  }

  @discardableResult
  private func record(
    _ name: String = "web", from: Timestamp? = nil, until: Timestamp? = nil, in core: Core? = nil
  ) throws -> ReferenceValue {
    try (core ?? desk.core).recordReference(
      name, .guest("web1", ReferenceFiles()), key: nil, try ReferenceValidity(from: from, until: until),
      toolVersion: "1.2.3")
  }

  private func start(_ reference: String) throws -> LaunchRecord? {
    try desk.start(StartOptions(reference: reference)).launch
  }

  private func row(_ name: String = "web") throws -> ReferenceValueRow {
    let store = try StateStore(path: desk.scratch.file("state"), access: .readOnly, at: .now())
    return try #require(try store.referenceValue(tenant: "default", name: name))
  }

  /// What somebody with the database's file can do, past the core.
  private func insert(
    _ name: String, _ version: Int64, _ value: [UInt8], _ signature: [UInt8],
    tenant: String = "default"
  ) throws {
    let store = try StateStore(path: desk.scratch.file("state"), at: .now())
    let forged = AuditRecord(
      time: .now(), tenant: tenant, actor: "nobody", act: "test", object: name, detail: [:])
    try store.act(forged) { (transaction) throws(StoreError) in
      try transaction.insertReferenceValue(
        name: name, version: version, value: value, signature: signature)
    }
  }

  private func isRefused(_ reference: String, _ word: String) -> Bool {
    desk.host.forgetCalls()
    guard case .refused(let text, _)? = refusal({ _ = try start(reference) }) else { return false }
    return text.contains(word) && !desk.host.calls.contains("start")
  }

  private func differences(_ reference: String = "web") -> [String] {
    guard case .referenceMismatch(_, let differences)? = refusal({ _ = try start(reference) }) else {
      return []
    }
    return differences
  }

  @Test func `say what was measured, and a launch that is so runs and names them`() throws {
    let value = try record()
    let facts = value.expected
    #expect(value.version == 1 && value.toolVersion == "1.2.3" && value.signingKey.name == "reference-values")
    #expect(
      facts.firmware?.path == desk.scratch.file("ex.fd") && facts.firmware?.size == exampleFirmware.count)
    #expect(facts.vcpus == 2 && facts.vmsaGeneration == "init" && facts.cpuSignature == "0x00a00f11")
    #expect(facts.policy == "0x00000007" && facts.kernel == nil && facts.commandLine == nil)
    #expect(try record().version == 2)
    let launch = try #require(try start("web@1"))
    #expect(launch.referenceName == "web" && launch.referenceVersion == 1 && launch.verdict == .match)
    #expect(launch.expectedDigest == facts.digest)
    let audit = try desk.audit()
    for act in ["reference.record done", "key.sign done", "reference.use done"] {
      #expect(audit.contains(act), "\(act): \(audit)")
    }
  }

  @Test func `tell a changed file from a changed expectation`() throws {
    try record()
    try desk.scratch.write(Firmware.image(secret: nil), to: "ex.fd")
    let changed = differences()
    #expect(
      changed.count == 1 && changed[0].contains("\(desk.scratch.file("ex.fd")) changed since"), "\(changed)")
    let launch = try desk.record()
    #expect(launch.differences == changed && launch.outcome == .failed && launch.referenceName == "web")
    try desk.scratch.write(exampleFirmware, to: "ex.fd")
    try desk.define("launch: {type: sev-es}", "vcpus: 4")
    #expect(differences() == ["the expectation differs: vCPUs 4, recorded 2"])
    let copy = try desk.scratch.write(exampleFirmware, to: "copy.fd")
    try desk.define("launch: {type: sev-es}", "vcpus: 2", "firmware: \(copy)")
    // The same bytes at another place are the same.
    #expect(differences().isEmpty)
  }

  @Test func `tell which policy, kernel and command line were recorded`() throws {
    let kernel = desk.scratch.file("kernel")
    try desk.define("launch: {type: sev}", "kernel: \(kernel)", "cmdline: quiet")
    try record()
    try desk.scratch.write("another kernel", to: "kernel")
    try desk.define("launch: {type: sev, policy: 0xb}", "kernel: \(kernel)", "cmdline: debug")
    let found = differences()
    #expect(found.count == 3 && found[0].hasPrefix("kernel \(kernel) changed since"), "\(found)")
    #expect(found.dropFirst().contains("the expectation differs: policy 0x0000000b, recorded 0x00000003"))
    #expect(found.dropFirst().contains("the expectation differs: command line 'debug', recorded 'quiet'"))
  }

  @Test func `are refused before and after their time`() throws {
    let (past, future) = (
      try #require(Timestamp("2001-01-01T00:00:00Z")), try #require(Timestamp("2199-01-01T00:00:00Z"))
    )
    try record("old", until: past)
    try record("early", from: future)
    try record("now", from: past, until: future)
    #expect(isRefused("old", "expired at 2001") && isRefused("early", "not yet valid"))
    #expect(try start("now") != nil)
    #expect(refusal { try record("never", from: future, until: past) } != nil)
  }

  @Test func `that were changed in the store are refused`() throws {
    try record()
    let good = try row()
    // The same value where another one should stand.
    try insert("web", 2, good.value, good.signature)
    #expect(isRefused("web", "of another one"))
    try insert("other", 1, good.value, good.signature)
    #expect(isRefused("other", "of another one"))
    // Another digest under the true signature.
    var value = try ReferenceValue(canonical: good.value)
    value.version = 3
    value.expected.digest = String(repeating: "00", count: 32)
    try insert("web", 3, try value.canonical(), good.signature)
    #expect(isRefused("web", "does not fit"))
    try insert("web", 4, Array("{}".utf8), good.signature)
    #expect(isRefused("web", "cannot be read"))
    #expect(try start("web@1") != nil)
  }

  @Test(arguments: [0, 100, 3309, 3372]) func `with one bit of either signature changed are refused`(
    _ place: Int
  ) throws {
    var value = try record("twin")
    let key = try row("twin")
    value.name = "web"
    var signature = key.signature
    signature[place] ^= 1
    try insert("web", 1, try value.canonical(), signature)
    #expect(isRefused("web", "does not fit"))
    // A sound signature, of another value.
    try insert(
      "web", 2,
      try {
        value.version = 2; return try value.canonical()
      }(), key.signature)
    #expect(isRefused("web", "does not fit"))
  }

  @Test func `of another tenant are refused`() throws {
    try record()
    let good = try row()
    let acme = try desk.core(tenant: "acme")
    try insert("web", 1, good.value, good.signature, tenant: "acme")
    guard case .refused(let text, _)? = refusal({ _ = try acme.reliedReference("web", for: nil) }) else {
      Issue.record("believed")
      return
    }
    #expect(text.contains("of another one"))
    #expect(refusal { _ = try acme.exportReference("web", .json, to: desk.scratch.file("out")) } != nil)
  }

  @Test func `stop launches once their key is known to others`() throws {
    try record()
    _ = try desk.core.revokeKey("reference-values", version: nil, because: .compromised)
    guard case .policy(.keyState)? = refusal({ _ = try start("web") }) else {
      Issue.record("believed")
      return
    }
  }

  @Test func `come from elsewhere where their signer is known`() throws {
    let value = try record()
    let (file, key) = (desk.scratch.file("web.json"), desk.scratch.file("key.pub"))
    _ = try desk.core.exportReference("web", .json, to: file)
    _ = try desk.core.exportPublicKey("reference-values", version: nil, to: key, evenCompromised: false)
    let acme = try desk.core(tenant: "acme")
    func take(_ path: String, key: String? = nil) throws -> ReferenceValue {
      try acme.importReference(path, as: nil, keyFile: key, key: nil)
    }
    guard case .refused? = refusal({ _ = try take(file) }) else {
      Issue.record("an unknown key")
      return
    }
    let taken = try take(file, key: key)
    #expect(taken.tenant == "acme" && taken.version == 1 && taken.expected == value.expected)
    #expect(taken.importedFrom?.tenant == "default" && taken.importedFrom?.version == 1)
    #expect(try acme.reliedReference("web", for: nil) == taken)
    // From now on this signer is known under this name, and under no other.
    #expect(try take(file).version == 2)
    #expect(refusal { _ = try acme.importReference(file, as: "db", keyFile: nil, key: nil) } != nil)
    let text = String(decoding: try InputFile.read(file, limit: 1 << 20), as: UTF8.self)
    let forged = try desk.scratch.write(text.replacing("\"vcpus\": 2", with: "\"vcpus\": 3"), to: "forged")
    #expect(forged != file && refusal { _ = try take(forged, key: key) } != nil)
    // Its own come back.
    #expect(try desk.core.importReference(file, as: "back", keyFile: nil, key: nil).version == 1)
  }

  @Test func `verify a launch that runs`() throws {
    try record()
    _ = try desk.start(StartOptions(staysPaused: true))
    func verify(_ name: String) throws -> LaunchVerification {
      try desk.core.verifyLaunch("web1", ReferenceFiles(), digest: nil, reference: name)
    }
    let match = try verify("web")
    #expect(match.verdict == .match && match.referenceName == "web" && match.referenceVersion == 1)
    _ = try desk.core.recordReference(
      "other", .stated(try LaunchFacts(type: .sevES, policy: nil, digest: Array(repeating: 1, count: 32))),
      key: nil, try ReferenceValidity(from: nil, until: nil), toolVersion: "1")
    let other = try verify("other")
    #expect(other.verdict == .mismatch && other.differences.first?.contains("digest") == true)
    _ = try desk.core.recordReference(
      "plain", .stated(try LaunchFacts(type: .sev, policy: nil, digest: Array(repeating: 1, count: 32))),
      key: nil, try ReferenceValidity(from: nil, until: nil), toolVersion: "1")
    guard case .referenceMismatch? = refusal({ _ = try verify("plain") }) else {
      Issue.record("another type")
      return
    }
  }

  @Test(arguments: ["", "Web", "-a", "a b", "list", "import", "a/b", "a@0", "a@x", "a@+1", "é"])
  func `are not named so`(_ name: String) {
    #expect(refusal { _ = try ReferenceName(name) } != nil)
  }
}
