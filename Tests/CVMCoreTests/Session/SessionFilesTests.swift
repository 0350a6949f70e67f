import Bytes
import CVMCrypto
import Foundation
import SEV
import Testing

@testable import CVMCore

@Suite("session files") struct SessionFilesTests {
  let scratch: Scratch
  let platform: TestPlatform
  var prefix: String { scratch.file("s") }
  static let parts = ["_godh.b64", "_session.b64", "_tek.bin", "_tik.bin"]

  init() throws {
    scratch = try Scratch()
    platform = try TestPlatform()
  }

  @discardableResult
  private func write(_ prefix: String? = nil, policy: UInt32 = 3) throws -> OwnerSession {
    let session = try OwnerSession(pdh: platform.pdh, policy: SEVPolicy(rawValue: policy))
    try SessionFiles.write(session, prefix: prefix ?? self.prefix)
    return session
  }

  private func load(policy: UInt32 = 3) throws -> OwnerSession {
    try SessionFiles.load(prefix: prefix, policy: SEVPolicy(rawValue: policy))
  }

  private func bytes(_ part: String) throws -> [UInt8] {
    Array(try #require(FileManager.default.contents(atPath: prefix + part)))
  }

  private func replace(_ part: String, _ bytes: [UInt8]) throws { try scratch.write(bytes, to: "s" + part) }

  private func remove(_ part: String) throws { try FileManager.default.removeItem(atPath: prefix + part) }

  @Test func `bring back the session that was written`() throws {
    let session = try write()
    let read = try load()
    #expect(read.ownerCertificate == session.ownerCertificate && read.blob == session.blob)
    #expect(read.policy == session.policy)
    let (keys, own) = (try #require(read.keys), try #require(session.keys))
    #expect(keys.tek == own.tek && keys.tik == own.tik && own.tek != own.tik)
  }

  @Test func `are four of fixed sizes, the keys for their owner alone`() throws {
    try write()
    #expect(scratch.names == Self.parts.map { "s" + $0 })
    let text = try bytes("_session.b64")
    #expect(Base64.decode(String(decoding: text, as: UTF8.self))?.count == 128)
    #expect(Base64.decode(String(decoding: try bytes("_godh.b64"), as: UTF8.self))?.count == 2084)
    #expect(try bytes("_tek.bin").count == 16 && bytes("_tik.bin").count == 16)
    for (part, mode) in zip(Self.parts, [0o644, 0o644, 0o600, 0o600]) {
      let found = try FileManager.default.attributesOfItem(atPath: prefix + part)[.posixPermissions] as? Int
      #expect(found == mode, "\(part)")
    }
  }

  @Test func `hold what the platform opens, and only that platform`() throws {
    let session = try write()
    let keys = try LaunchBlob.unwrap(
      session: session.blob.serialized(), certificate: session.ownerCertificate.serialized(),
      platformKey: platform.pdhKey, policy: SEVPolicy(rawValue: 3), apiMajor: 1, apiMinor: 55)
    #expect(keys.tik == session.keys?.tik && keys.tek == session.keys?.tek)
    let other = try TestPlatform()
    #expect(throws: FirmwareStatus.badMeasurement) {
      try LaunchBlob.unwrap(
        session: session.blob.serialized(), certificate: session.ownerCertificate.serialized(),
        platformKey: other.pdhKey, policy: SEVPolicy(rawValue: 3), apiMajor: 1, apiMinor: 55)
    }
  }

  @Test func `are fresh in every part`() throws {
    let sessions = try (0..<4).map { try write(scratch.file("s\($0)")) }
    #expect(Set(sessions.map(\.sessionText)).count == 4 && Set(sessions.map(\.dhCertText)).count == 4)
    #expect(Set(sessions.map(\.blob.nonce)).count == 4 && Set(sessions.map(\.blob.wrapIV)).count == 4)
    for (index, session) in sessions.enumerated() {
      for other in sessions[(index + 1)...] {
        #expect(session.keys?.tik != other.keys?.tik && session.keys?.tek != other.keys?.tek)
      }
    }
  }

  @Test(arguments: parts)
  func `never replace a file, and then none of them is written`(_ part: String) throws {
    try scratch.write("old", to: "s" + part)
    guard case .file(let path, .exists)? = refusal({ try write() }) else {
      Issue.record("written")
      return
    }
    #expect(path == prefix + part && scratch.names == ["s" + part])
    #expect(try bytes(part) == Array("old".utf8))
  }

  @Test func `are refused with a TIK that is not theirs`() throws {
    try write()
    var tik = try bytes("_tik.bin")
    tik[15] ^= 1
    try replace("_tik.bin", tik)
    guard case .refused? = refusal({ _ = try load() }) else {
      Issue.record("taken")
      return
    }
  }

  @Test(arguments: [UInt32(0), 1, 2, 7, 0xB, 0x1000003])
  func `are refused for a policy that they were not made for`(_ policy: UInt32) throws {
    try write()
    guard case .refused(let text, _)? = refusal({ _ = try load(policy: policy) }) else {
      Issue.record("taken")
      return
    }
    #expect(text.contains(PolicyValue(type: .sev, rawValue: UInt64(policy)).text))
  }

  @Test func `are refused with the blob of another session`() throws {
    try write()
    try write(scratch.file("o"))
    try replace(
      "_session.b64", Array(try #require(FileManager.default.contents(atPath: scratch.file("o_session.b64"))))
    )
    guard case .refused? = refusal({ _ = try load() }) else {
      Issue.record("taken")
      return
    }
  }

  @Test(arguments: ["_tek.bin", "_tik.bin"])
  func `with one key alone are incomplete`(_ part: String) throws {
    try write()
    try remove(part)
    guard case .file(let path, .missing)? = refusal({ _ = try load() }) else {
      Issue.record("taken")
      return
    }
    #expect(path == prefix + part)
  }

  @Test(arguments: ["_godh.b64", "_session.b64"])
  func `without a public half are no session`(_ part: String) throws {
    try write()
    try remove(part)
    guard case .file(let path, .missing)? = refusal({ _ = try load() }) else {
      Issue.record("taken")
      return
    }
    #expect(path == prefix + part)
  }

  @Test func `without both keys are the public halves alone`() throws {
    let session = try write()
    try remove("_tek.bin")
    try remove("_tik.bin")
    let read = try load()
    #expect(read.keys == nil && read.blob == session.blob)
    // Nobody but the platform can tell what they were made for.
    #expect(try load(policy: 7).keys == nil)
  }

  @Test(arguments: ["", "!", "AAAA", "AAA=", "A A=", "====", "\u{0}"])
  func `are refused where the text is no certificate and no blob`(_ text: String) throws {
    try write()
    for part in ["_godh.b64", "_session.b64"] {
      let good = try bytes(part)
      try replace(part, Array(text.utf8))
      switch refusal({ _ = try load() }) {
      case .usage?, .malformedBytes?: break
      case let other: Issue.record("\(String(describing: other))")
      }
      try replace(part, good)
    }
    _ = try load()
  }

  @Test func `may end with a line end, as other tools write them`() throws {
    try write()
    for part in ["_godh.b64", "_session.b64"] {
      for end in ["\n", "\r\n"] { try replace(part, bytes(part) + Array(end.utf8)) }
    }
    _ = try load()
  }

  @Test(arguments: [0, 15, 17])
  func `are refused with a key of another size`(_ size: Int) throws {
    try write()
    try replace("_tek.bin", Array(repeating: 1, count: size))
    guard case .usage? = refusal({ _ = try load() }) else {
      Issue.record("taken")
      return
    }
  }

  @Test func `may have any mode, as the umask of other tools made them`() throws {
    try write()
    try scratch.write(bytes("_tik.bin"), to: "s_tik.bin", mode: 0o664)
    _ = try load()
  }

  @Test func `are described without a key`() throws {
    let session = try write()
    let description = try SessionFiles.describe(prefix: prefix)
    #expect(description.nonce == Hex.encode(session.blob.nonce) && description.prefix == prefix)
    #expect(description.sessionDigest == Hex.encode(try SHA256.hash(session.blob.serialized())))
    #expect(
      description.ownerCertificateDigest == Hex.encode(try SHA256.hash(session.ownerCertificate.serialized()))
    )
    let text = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
    for part in ["_tek.bin", "_tik.bin"] {
      let key = try bytes(part)
      #expect(!text.contains(Hex.encode(key)) && !text.contains(Base64.encode(key)))
    }
  }
}
