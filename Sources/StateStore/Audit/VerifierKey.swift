package import Bytes
package import CVMCrypto

/// A key that verifies checkpoints, in C2SP's text form (signed-note): `NAME+KEYID+BASE64`, KEYID being the first 4
/// bytes of SHA-256(NAME, 0A, type, key) in hexadecimal and BASE64 holding the type and the key. Type 1 is Ed25519.
package struct VerifierKey: Equatable, Sendable {
  package let name: String
  package let id: [UInt8]
  package let key: Ed25519.PublicKey

  static let ed25519: UInt8 = 1
  private static let format = "verifier key"

  package init(name: String, key: Ed25519.PublicKey) throws(CryptoError) {
    self.name = name
    self.key = key
    id = Array(
      try SHA256.hash(Array(name.utf8) + [0x0A, Self.ed25519] + key.bytes).prefix(NoteSignature.idSize))
  }

  package var text: String { "\(name)+\(Hex.encode(id))+\(Base64.encode([Self.ed25519] + key.bytes))" }

  package init(parsing text: String) throws(FormatError) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, NoteSignature.isName(parts[0]) else { throw Self.invalid("NAME+KEYID+BASE64") }
    guard let bytes = Base64.decode(parts[2]), let type = bytes.first else { throw Self.invalid("base64") }
    guard type == Self.ed25519 else { throw Self.invalid("only Ed25519 keys (type 1) are known") }
    guard let key = try? Ed25519.PublicKey(Array(bytes.dropFirst())),
      let made = try? VerifierKey(name: parts[0], key: key)
    else { throw Self.invalid("an Ed25519 key has 32 bytes") }
    guard Hex.encode(made.id) == parts[1] else { throw Self.invalid("the key's id does not fit it") }
    self = made
  }

  private static func invalid(_ reason: String) -> FormatError {
    FormatError(format, at: 0, .invalid(field: "vkey", reason: reason))
  }
}

/// A signature line of a signed note (C2SP signed-note): `— NAME BASE64`, with an em dash; BASE64 holds a key's id and
/// the signature.
package struct NoteSignature: Equatable, Sendable {
  package let name: String
  package let id: [UInt8]
  package let signature: [UInt8]

  static let idSize = 4
  private static let dash = "\u{2014} "

  init(name: String, id: [UInt8], signature: [UInt8]) {
    self.name = name
    self.id = id
    self.signature = signature
  }

  /// Without the line's end.
  var line: String { "\(Self.dash)\(name) \(Base64.encode(id + signature))" }

  /// Nil unless the line is a signature line.
  init?(line: Substring) {
    guard line.hasPrefix(Self.dash) else { return nil }
    let parts = line.dropFirst(Self.dash.count).split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.isName(String(parts[0])), let bytes = Base64.decode(String(parts[1])),
      bytes.count > Self.idSize
    else { return nil }
    self.init(
      name: String(parts[0]), id: Array(bytes.prefix(Self.idSize)),
      signature: Array(bytes.dropFirst(Self.idSize)))
  }

  /// Not empty, without blanks and plus signs.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" }
  }
}
