import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct SecretPacketTests {
  static func packet() throws -> SecretPacket {
    try SecretPacket.seal(
      SecretTableTests.luks().plaintext(), keys: exampleKeys(), measurement: exampleMeasurement().hmac,
      iv: counting(from: 0x80, 16))
  }

  // Worked example of the launch secret, recomputed independently.
  @Test func `the worked packet comes out`() throws {
    let packet = try Self.packet()
    #expect(
      packet.header
        == hex(
          """
          00000000808182838485868788898a8b8c8d8e8f
          b1e9492f2cb518207b227206a1157425170a83e65dde742fbb95f07d427d8426
          """))
    #expect(
      packet.ciphertext
        == hex(
          """
          67be685f5d7deb7063c5ba7538c5812476f98f941de77bbbdeb13db98276d0c74ae3a09f7ee64d76330478ce068b8eb6
          110cae1232c380e5f708cdc2b71f6afddea6ea85655db722868ba14af25e9808
          """))
  }

  @Test func `the platform of that launch opens it`() throws {
    let packet = try Self.packet()
    let opened = try packet.open(keys: exampleKeys(), measurement: exampleMeasurement().hmac)
    #expect(opened.revealed == SecretTableTests.plaintext)
    #expect(try SecretPacket(header: packet.header, payload: packet.ciphertext) == packet)
  }

  @Test func `another launch or other keys are BAD_MEASUREMENT`() throws {
    let packet = try Self.packet()
    #expect(throws: FirmwareStatus.badMeasurement) {
      try packet.open(keys: exampleKeys(), measurement: exampleMeasurement(build: 22).hmac)
    }
    let joined = SecretBytes(copying: counting(from: 0x21, 32))
    #expect(throws: FirmwareStatus.badMeasurement) {
      try packet.open(keys: TransportKeys(joined: joined), measurement: exampleMeasurement().hmac)
    }
  }

  @Test func `every changed byte is BAD_MEASUREMENT`() throws {
    let packet = try Self.packet()
    let measurement = try exampleMeasurement().hmac
    for index in 0..<(52 + packet.ciphertext.count) {
      var bytes = packet.header + packet.ciphertext
      bytes[index] ^= 1
      let changed = try SecretPacket(header: Array(bytes[..<52]), payload: Array(bytes[52...]))
      #expect(throws: FirmwareStatus.badMeasurement, "byte \(index)") {
        try changed.open(keys: exampleKeys(), measurement: measurement)
      }
    }
  }

  @Test(arguments: [0, 1, 15, 17, 16_400]) func `an impossible payload is INVALID_LENGTH`(_ count: Int) throws
  {
    let packet = try SecretPacket(header: Self.packet().header, payload: counting(from: 0, count))
    #expect(throws: FirmwareStatus.invalidLength) {
      try packet.open(keys: exampleKeys(), measurement: exampleMeasurement().hmac)
    }
    #expect(throws: CryptoError.self) {
      try SecretPacket.seal(
        SecretBytes(count: count), keys: exampleKeys(), measurement: exampleMeasurement().hmac,
        iv: counting(from: 0, 16))
    }
  }

  @Test func `a compressed packet with a right MAC is UNSUPPORTED`() throws {
    let keys = try exampleKeys()
    let measurement = try exampleMeasurement().hmac
    let (iv, payload) = (counting(from: 0, 16), counting(from: 0, 16))
    let length = UInt32(16).littleEndianBytes
    let flags = UInt32(1).littleEndianBytes
    let mac = try HMACSHA256.authenticate(
      key: keys.tik, [[1], flags, iv, length, length, payload, measurement])
    let packet = try SecretPacket(header: flags + iv + mac, payload: payload)
    #expect(throws: FirmwareStatus.unsupported) { try packet.open(keys: keys, measurement: measurement) }
  }

  @Test(arguments: [0, 51, 53]) func `only 52 bytes are a header`(_ count: Int) {
    #expect(throws: FormatError.self) { try SecretPacket(header: counting(from: 0, count), payload: []) }
  }

  @Test func `damaged headers never trap`() throws {
    expectRoundTripOrRefusal(try Self.packet().header) { bytes throws(FormatError) in
      try SecretPacket(header: bytes, payload: []).header
    }
  }
}
