package import Bytes
package import CVMCrypto
package import PostQuantum

/// A key that verifies checkpoints, in C2SP's text form (signed-note): `NAME+KEYID+BASE64`, KEYID being the first 4
/// bytes of SHA-256(NAME, 0A, type, key) in hexadecimal and BASE64 holding the type and the key.
///
/// | type                           | key                                            |
/// |--------------------------------|------------------------------------------------|
/// | 01                             | Ed25519, 32 bytes                              |
/// | FF, `MLDSA65-Ed25519-SHA512`   | composite, 1984 bytes (`CompositeSignature`)   |
///
/// FF is C2SP's for a type that its owner names.
package struct VerifierKey: Equatable, Sendable {
  package enum Key: Equatable, Sendable {
    case ed25519(Ed25519.PublicKey)
    case composite(CompositeSignature.PublicKey)

    package var algorithm: String {
      switch self {
      case .ed25519: "ed25519"
      case .composite: CompositeSignature.name
      }
    }

    package var bytes: [UInt8] {
      switch self {
      case .ed25519(let key): key.bytes
      case .composite(let key): key.bytes
      }
    }

    fileprivate var type: [UInt8] {
      switch self {
      case .ed25519: [VerifierKey.ed25519]
      case .composite: VerifierKey.composite
      }
    }
  }

  package let name: String
  package let id: [UInt8]
  package let key: Key

  private static let ed25519: UInt8 = 1
  private static let composite: [UInt8] = [0xFF] + Array(CompositeSignature.name.utf8)
  private static let format = "verifier key"

  package init(name: String, key: Ed25519.PublicKey) throws(CryptoError) {
    try self.init(name: name, .ed25519(key))
  }

  package init(name: String, _ key: Key) throws(CryptoError) {
    self.name = name
    self.key = key
    id = Array(
      try SHA256.hash(Array(name.utf8) + [0x0A] + key.type + key.bytes).prefix(NoteSignature.idSize))
  }

  package var text: String { "\(name)+\(Hex.encode(id))+\(Base64.encode(key.type + key.bytes))" }

  /// Whether a note's signature is this key's. `context`: what is signed; a composite signature says it, an Ed25519 one does not.
  package func verify(
    _ signature: [UInt8], of body: String, context: String
  ) throws(CryptoError) -> Bool {
    switch key {
    case .ed25519(let key): try key.verify(signature, of: Array(body.utf8))
    case .composite(let key): try key.verify(signature, of: Array(body.utf8), context: Array(context.utf8))
    }
  }

  package init(parsing text: String) throws(FormatError) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, NoteSignature.isName(parts[0]) else { throw Self.invalid("NAME+KEYID+BASE64") }
    guard let bytes = Base64.decode(parts[2]) else { throw Self.invalid("base64") }
    guard let key = try Self.key(bytes), let made = try? VerifierKey(name: parts[0], key) else {
      throw Self.invalid("a key has 32 bytes for Ed25519, 1984 for \(CompositeSignature.name)")
    }
    guard Hex.encode(made.id) == parts[1] else { throw Self.invalid("the key's id does not fit it") }
    self = made
  }

  /// Nil where a key of a known type is malformed.
  private static func key(_ bytes: [UInt8]) throws(FormatError) -> Key? {
    if bytes.starts(with: composite) {
      return (try? CompositeSignature.PublicKey(Array(bytes.dropFirst(composite.count)))).map {
        .composite($0)
      }
    }
    guard bytes.first == ed25519 else {
      throw invalid("only keys of type 1 (Ed25519) and FF \(CompositeSignature.name) are known")
    }
    return (try? Ed25519.PublicKey(Array(bytes.dropFirst()))).map { .ed25519($0) }
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
  static let dash = "\u{2014} "

  init(name: String, id: [UInt8], signature: [UInt8]) {
    self.name = name
    self.id = id
    self.signature = signature
  }

  /// Whether it says that it is this key's.
  func names(_ key: VerifierKey) -> Bool { name == key.name && id == key.id }

  /// Without the line's end.
  package var line: String { "\(Self.dash)\(name) \(Base64.encode(id + signature))" }

  /// Nil unless the line is a signature line.
  package init?(line: Substring) {
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

extension [NoteSignature] {
  /// Whether the key has signed the body. A signature that names the key and is not its own spoils the others.
  package func verify(
    _ body: String, by key: VerifierKey, context: String
  ) throws(CryptoError) -> Bool {
    let own = filter { $0.names(key) }
    for signature in own {
      guard try key.verify(signature.signature, of: body, context: context) else { return false }
    }
    return !own.isEmpty
  }
}
