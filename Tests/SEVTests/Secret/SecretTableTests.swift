import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct SecretTableTests {
  static func entry(_ number: UInt8, _ count: Int) throws -> SecretTable.Entry {
    SecretTable.Entry(
      guid: try #require(GUID(mixedEndian: counting(from: number, 16))),
      secret: SecretBytes(copying: counting(from: 0x41, count)))
  }

  /// The worked secret: a passphrase with a NUL.
  static func luks() throws -> SecretTable {
    try SecretTable([
      .init(
        guid: SecretTable.luksKey, secret: SecretBytes(copying: Array("correct horse battery staple\0".utf8)))
    ])
  }

  // Worked example of the launch secret, recomputed independently.
  static let plaintext = hex(
    """
    42f5741edd71664d963eef4287ff173b45000000e5696873f084734992ec06879ce3da0b31000000
    636f727265637420686f727365206261747465727920737461706c6500 0000000000000000000000
    """)

  @Test func `the worked table comes out`() throws {
    #expect(try Self.luks().plaintext().revealed == Self.plaintext)
    #expect(try SecretTable(parsing: SecretBytes(copying: Self.plaintext)) == Self.luks())
  }

  @Test func `several secrets keep their order`() throws {
    let table = try SecretTable([Self.entry(9, 1), Self.entry(5, 40), Self.entry(7, 3)])
    let again = try SecretTable(parsing: table.plaintext())
    #expect(again == table && again.entries.map(\.secret.count) == [1, 40, 3])
  }

  @Test(arguments: [(8, 48), (24, 64), (9, 64), (1, 48)])
  func `padding goes to the next multiple of 16, none where it fits`(_ count: Int, _ size: Int) throws {
    #expect(try SecretTable([Self.entry(1, count)]).plaintext().count == size)
  }

  // Some tools add 16 zero bytes where none are needed.
  @Test func `more zero padding than needed is read and kept`() throws {
    let longer = SecretBytes(copying: Self.plaintext + [UInt8](repeating: 0, count: 16))
    let table = try SecretTable(parsing: longer)
    #expect(try table.entries == Self.luks().entries)
    #expect(table.serialized() == longer)
  }

  @Test func `nothing, an empty secret or one GUID twice makes no table`() throws {
    let one = try Self.entry(1, 4)
    let empty = SecretTable.Entry(guid: one.guid, secret: SecretBytes(count: 0))
    #expect(throws: SecretTableError.noSecrets) { try SecretTable([]) }
    #expect(throws: SecretTableError.emptySecret(one.guid)) { try SecretTable([empty]) }
    #expect(throws: SecretTableError.repeated(one.guid)) { try SecretTable([one, one]) }
  }

  @Test func `the largest secret of a packet has 16344 bytes`() throws {
    #expect(try SecretTable([Self.entry(1, 16_344)]).plaintext().count == 16_384)
    #expect(throws: SecretTableError.tooLarge(needed: 16_400, limit: 16_384)) {
      try SecretTable([Self.entry(1, 16_345)]).plaintext()
    }
  }

  @Test func `the firmware's area must be there, aligned and large enough`() throws {
    let table = try SecretTable([Self.entry(1, 3032)])
    let area = FirmwareArea(base: 0x81_0000, size: 0xC00)
    #expect(try table.plaintext(area: area).count == 0xC00)
    let larger = try SecretTable([Self.entry(1, 3033)])
    #expect(throws: SecretTableError.areaTooSmall(needed: 0xC10, area: area)) {
      try larger.plaintext(area: area)
    }
    #expect(throws: SecretTableError.noArea) { try table.plaintext(area: FirmwareArea(base: 0, size: 0)) }
    #expect(throws: SecretTableError.noArea) { try table.plaintext(area: FirmwareArea(base: 0, size: 0xC00)) }
    let odd = FirmwareArea(base: 0x81_0008, size: 0x1000)
    #expect(throws: SecretTableError.areaMisaligned(odd)) { try table.plaintext(area: odd) }
  }

  @Test func `luks-key is an alias, a GUID is itself, other words are nothing`() {
    #expect(SecretTable.guid(named: "luks-key") == GUID("736869e5-84f0-4973-92ec-06879ce3da0b"))
    #expect(SecretTable.guid(named: "e6f5a162-d67f-4750-a67c-5d065f2a9910") != nil)
    #expect(SecretTable.guid(named: "luks") == nil && SecretTable.guid(named: "") == nil)
  }

  @Test func `a table that contradicts itself is refused`() {
    func refuses(_ change: (inout [UInt8]) -> Void) {
      var bytes = Self.plaintext
      change(&bytes)
      #expect(throws: FormatError.self) { try SecretTable(parsing: SecretBytes(copying: bytes)) }
    }
    refuses { $0[0] ^= 1 }
    refuses { $0[16] = 0x46 }
    refuses { $0[16] = 0x13 }
    refuses { $0[19] = 0x80 }
    refuses { $0[36] = 0x32 }
    refuses { $0[36] = 0x13 }
    refuses { $0[36] = 0 }
    refuses { $0[79] = 1 }
    refuses { $0.removeLast() }
    refuses { $0.removeAll() }
  }

  @Test func `damaged tables never trap`() throws {
    expectRoundTripOrRefusal(Self.plaintext) { bytes throws(FormatError) in
      try SecretTable(parsing: SecretBytes(copying: bytes)).serialized().revealed
    }
  }
}
