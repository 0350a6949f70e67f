import Bytes
import Testing

@Suite("Base64") struct Base64Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `the RFC's vectors`(_ plain: String, _ text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == text)
    #expect(Base64.decode(text) == Array(plain.utf8))
  }

  @Test func `all characters are known`() {
    let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    #expect(Base64.decode(text).map(Base64.encode) == text)
  }

  @Test func `random bytes of every length come back`() {
    var random = Seeded(31)
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zg===", "====", "=", "Z===", "=Zg=", "Zg=Z", "Zm8=Zm8=", "Zg==Zg==",
    "Zh==", "Zv==", "Zm9=", "Zm+=", "Zg=g",
    "Zm9v\n", "Zm9v\r\n", " Zm9v", "Zm 9v", "Zm\n9v===",
    "Zm9-", "Zm9_", "Zm9!", "Zm9\0", "Zmé=", "Ｚm9v", "Zm9.", "\"Zm9",
  ])
  func `what encode would not print is no base64`(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func `what is accepted has one spelling`() {
    var random = Seeded(32)
    let characters = Array("ABgw09+/=").map { String($0) }
    for _ in 0..<20_000 {
      let text = (0..<8).map { _ in characters[random.below(characters.count)] }.joined()
      if let bytes = Base64.decode(text) { #expect(Base64.encode(bytes) == text) }
    }
  }
}
