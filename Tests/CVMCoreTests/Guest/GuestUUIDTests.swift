import Bytes
import CVMCore
import Foundation
import Testing

@Suite("a guest's UUID") struct GuestUUIDTests {
  static let text = "8f0752f4-4131-437c-b071-12cbe79d4e3c"

  @Test(arguments: [text, text.uppercased(), text.filter { $0 != "-" }, "8F0752f44131437cb07112cbe79d4e3c"])
  func `is kept in libvirt's spelling`(_ text: String) throws {
    let uuid = try #require(GuestUUID(rawValue: text))
    #expect(uuid.rawValue == Self.text && uuid.description == Self.text)
  }

  @Test(arguments: [
    "", "-", "8f0752f4-4131-437c-b071-12cbe79d4e3", "8f0752f4-4131-437c-b071-12cbe79d4e3cc",
    "8f0752f4-4131-437c-b07112cb-e79d4e3c", "8f0752f4-4131-437c-b071-12cbe79d4e3g",
    "{8f0752f4-4131-437c-b071-12cbe79d4e3c}", " 8f0752f4-4131-437c-b071-12cbe79d4e3c",
    "8f0752f4-4131-437c-b071-12cbe79d4e3c\n", "8f0752f4--4131437c-b071-12cbe79d4e3c",
    "-8f0752f44131437cb07112cbe79d4e3c", "８f0752f4-4131-437c-b071-12cbe79d4e3c",
    "8f0752f4-4131-437c-b071-12cbe79d4e3c-",
  ])
  func `is refused in any other spelling`(_ text: String) {
    #expect(GuestUUID(rawValue: text) == nil)
  }

  @Test func `is made of 16 bytes in their order`() {
    #expect(GuestUUID(bytes: counting(from: 0, 16))?.rawValue == "00010203-0405-0607-0809-0a0b0c0d0e0f")
    #expect(GuestUUID(bytes: counting(from: 0, 15)) == nil && GuestUUID(bytes: counting(from: 0, 17)) == nil)
  }

  @Test(arguments: [UInt8(0), 0xFF, 0x5A])
  func `a random one says version 4, variant 1`(_ byte: UInt8) throws {
    let text = try #require(GuestUUID.random(from: Array(repeating: byte, count: 16))).rawValue
    let characters = Array(text)
    #expect(characters[14] == "4" && "89ab".contains(characters[19]))
    #expect(GuestUUID.random(from: [byte]) == nil)
  }

  @Test func `is a plain text in JSON`() throws {
    let uuid = try #require(GuestUUID(rawValue: Self.text))
    let bytes = try JSONEncoder().encode([uuid])
    #expect(String(decoding: bytes, as: UTF8.self) == "[\"\(Self.text)\"]")
    #expect(try JSONDecoder().decode([GuestUUID].self, from: bytes) == [uuid])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([GuestUUID].self, from: Data("[\"x\"]".utf8))
    }
  }
}
