import Bytes
import CVMCore
import CVMCrypto
import Foundation
import SEV
import Testing

@Suite("secret packets in files") struct SecretFilesTests {
  let scratch: Scratch
  let keys: TransportKeys
  var prefix: String { scratch.file("p") }
  static let measurement = Base64.encode(counting(from: 1, 48))
  static let guid = "0d9f3e1c-8b1e-4f5c-9d84-3a2a0e4b7c11"

  init() throws {
    scratch = try Scratch()
    // Not secret: counted up.
    keys = try TransportKeys(
      tek: SecretBytes(copying: counting(from: 0x10, 16)), tik: SecretBytes(copying: counting(from: 0x40, 16))
    )
    try scratch.write(counting(from: 0x10, 16), to: "tek")
    try scratch.write(counting(from: 0x40, 16), to: "tik")
    try scratch.write("secret!!", to: "secret")
  }

  private var secret: SecretSource { SecretSource(name: "luks-key", path: scratch.file("secret")) }

  private func build(
    _ secrets: [SecretSource]? = nil, tik: String = "tik", measurement: String = measurement,
    firmware: [UInt8]? = nil,
    prefix: String? = nil, base64: Bool = false
  ) throws -> SecretPacketDescription {
    try SecretFiles.build(
      tikFile: scratch.file(tik), tekFile: scratch.file("tek"), measurement: measurement,
      secrets: secrets ?? [secret],
      firmware: firmware.map { try scratch.write($0, to: "fw") }, prefix: prefix ?? self.prefix,
      base64: base64)
  }

  private func describe(tik: String = "tik", tek: String = "tek", measurement: String = measurement) throws
    -> SecretPacketDescription
  {
    try SecretFiles.describe(
      prefix: prefix, tikFile: scratch.file(tik), tekFile: scratch.file(tek), measurement: measurement)
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    Array(try #require(FileManager.default.contents(atPath: scratch.file(name))))
  }

  private var isNothingWritten: Bool { !scratch.names.contains { $0.hasPrefix("p_") } }

  @Test func `hold what the AMD-SP opens with the keys and for the launch`() throws {
    let description = try build()
    let packet = try SecretPacket(header: bytes("p_header.bin"), payload: bytes("p_payload.bin"))
    let table = try SecretTable(parsing: packet.open(keys: keys, measurement: counting(from: 1, 32)))
    #expect(table.entries.map(\.guid) == [SecretTable.luksKey])
    #expect(table.entries[0].secret == SecretBytes(copying: Array("secret!!".utf8)))
    #expect(description.payloadSize == packet.ciphertext.count && description.payloadSize.isMultiple(of: 16))
    #expect(description.secrets.map(\.guid) == [SecretTable.luksKey.description])
    #expect(description.secrets.map(\.size) == [8])
    #expect(try bytes("p_header.bin").count == 52)
    for part in ["p_header.bin", "p_payload.bin"] {
      let mode =
        try FileManager.default.attributesOfItem(atPath: scratch.file(part))[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
  }

  @Test func `are encrypted afresh each time, and never in the clear`() throws {
    let first = try build()
    let second = try build(prefix: scratch.file("q"))
    #expect(first.iv != second.iv && first.mac != second.mac)
    #expect(try bytes("p_payload.bin") != bytes("q_payload.bin"))
    #expect(!String(decoding: try bytes("p_payload.bin"), as: UTF8.self).contains("secret!!"))
  }

  @Test func `in base64 are the same packet`() throws {
    let built = try build(base64: true)
    #expect(Base64.decode(String(decoding: try bytes("p_header.bin"), as: UTF8.self))?.count == 52)
    #expect(try describe() == built)
    for part in ["p_header.bin", "p_payload.bin"] {
      try scratch.write(bytes(part) + Array("\n".utf8), to: part)
    }
    #expect(try describe() == built, "a line end at the end is none of it")
  }

  @Test func `are described as authentic only with keys that were tried`() throws {
    let built = try build([secret, SecretSource(name: Self.guid, path: scratch.file("secret"))])
    #expect(try describe() == built && built.authentic == true)
    #expect(built.secrets.map(\.guid) == [SecretTable.luksKey.description, Self.guid])
    let bare = try SecretFiles.describe(prefix: prefix, tikFile: nil, tekFile: nil, measurement: nil)
    #expect(bare.authentic == nil && bare.secrets.isEmpty && bare.mac == built.mac)
  }

  @Test func `are refused by another TIK, for another launch, or changed in one bit`() throws {
    _ = try build()
    try scratch.write(counting(from: 0x41, 16), to: "other")
    let problems = [
      refusal { _ = try describe(tik: "other") },
      refusal { _ = try describe(measurement: Base64.encode(counting(from: 2, 48))) },
      try changed("p_header.bin", 0), try changed("p_header.bin", 4), try changed("p_header.bin", 51),
      try changed("p_payload.bin", 0), try changed("p_payload.bin", 47),
    ]
    for problem in problems {
      guard case .refused? = problem else {
        Issue.record("\(String(describing: problem))")
        return
      }
    }
    #expect(try describe().authentic == true)
  }

  private func changed(_ part: String, _ offset: Int) throws -> CoreError? {
    let good = try bytes(part)
    var bad = good
    bad[offset] ^= 1
    try scratch.write(bad, to: part)
    let problem = refusal { _ = try describe() }
    try scratch.write(good, to: part)
    return problem
  }

  @Test func `with a header of another size are not read`() throws {
    _ = try build()
    for size in [0, 51, 53] {
      try scratch.write(Array(repeating: 0xFF, count: size), to: "p_header.bin")
      guard case .malformedBytes? = refusal({ _ = try describe() }) else {
        Issue.record("read with \(size) bytes")
        return
      }
    }
  }

  @Test(arguments: ["p_header.bin", "p_payload.bin"])
  func `never replace a file, and then none is written`(_ part: String) throws {
    try scratch.write("old", to: part)
    guard case .file(let path, .exists)? = refusal({ _ = try build() }) else {
      Issue.record("written")
      return
    }
    #expect(path == scratch.file(part))
    #expect(scratch.names.filter { $0.hasPrefix("p_") } == [part])
  }

  @Test(arguments: [
    "", "!", "AAAA", Base64.encode(counting(from: 1, 47)), Base64.encode(counting(from: 1, 49)),
    measurement + "\n",
  ])
  func `are not made for a measurement that is none`(_ measurement: String) {
    switch refusal({ _ = try build(measurement: measurement) }) {
    case .usage?, .malformedBytes?: break
    case let other: Issue.record("\(String(describing: other))")
    }
    #expect(isNothingWritten)
  }

  @Test func `are not made of no secret, an empty one, one given twice or one of no name`() throws {
    try scratch.write("", to: "empty")
    for secrets in [
      [], [SecretSource(name: "luks-key", path: scratch.file("empty"))], [secret, secret],
      [
        secret,
        SecretSource(name: SecretTable.luksKey.description.uppercased(), path: scratch.file("secret")),
      ],
      [SecretSource(name: "disk", path: scratch.file("secret"))],
      [SecretSource(name: "", path: scratch.file("secret"))],
    ] {
      guard case .usage? = refusal({ _ = try build(secrets) }) else {
        Issue.record("made of \(secrets.map(\.name))")
        return
      }
    }
    guard
      case .file(_, .missing)? = refusal({
        _ = try build([SecretSource(name: "luks-key", path: scratch.file("no"))])
      })
    else {
      Issue.record("made of nothing")
      return
    }
    #expect(isNothingWritten)
  }

  /// 16 KiB are what one packet carries: 40 bytes of them are headers.
  @Test func `are not larger than a packet may be`() throws {
    try scratch.write(Array(repeating: 1, count: 16 * 1024 - 40), to: "secret")
    #expect(try build().payloadSize == 16 * 1024)
    try scratch.write(Array(repeating: 1, count: 16 * 1024 - 39), to: "secret")
    guard case .usage? = refusal({ _ = try build(prefix: scratch.file("q")) }) else {
      Issue.record("made")
      return
    }
  }

  @Test func `fit the area that the firmware offers, or are not made`() throws {
    // 8 bytes of secret and 40 of headers make 48.
    #expect(try build(firmware: Firmware.image(secret: (0x80D000, 48))).payloadSize == 48)
    try FileManager.default.removeItem(atPath: scratch.file("p_header.bin"))
    try FileManager.default.removeItem(atPath: scratch.file("p_payload.bin"))
    let cases: [([UInt8], FirmwareShortcoming?)] = [
      (Firmware.image(secret: (0x80D000, 47)), .secretAreaTooSmall(needed: 48, area: 47)),
      (Firmware.image(secret: nil), .noSecretArea), (Firmware.image(secret: (0, 0)), .noSecretArea),
      (Firmware.image(secret: (0x80D008, 48)), nil), (Array(repeating: 0, count: 4096), .noSecretArea),
    ]
    for (image, expected) in cases {
      switch refusal({ _ = try build(firmware: image) }) {
      case .unsupportedFirmware(path: scratch.file("fw"), let found)?: #expect(found == expected)
      case .unsupported? where expected == nil: break
      case let other: Issue.record("\(String(describing: other))")
      }
    }
    #expect(isNothingWritten)
  }

  @Test func `are not made with a key of another size`() throws {
    try scratch.write(counting(from: 0, 15), to: "short")
    guard case .usage? = refusal({ _ = try build(tik: "short") }) else {
      Issue.record("made")
      return
    }
    #expect(isNothingWritten)
  }
}
