import Bytes
import CVMCrypto
import Foundation
import Testing
import Vault

/// A file of `Tests/Vectors/exported-key`: an exported key with one defect, and what must be said of it. They were computed from
/// the layout in `ExportedKey` and from RFC 9180 by another program over other implementations of ML-KEM, X25519 and AES-GCM.
private struct ExportVector: CustomTestStringConvertible {
  let name: String
  let expected: String
  let bytes: [UInt8]

  var testDescription: String { name }

  static let all: [ExportVector] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Vectors/exported-key").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { ExportVector(folder: folder, file: $0) }
  }()

  private init?(folder: String, file: String) {
    guard let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) else { return nil }
    func field(_ name: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(name + ": ") || $0 == name + ":" }.map {
        String($0.dropFirst(name.count + 2))
      }
    }
    guard let expected = field("expect"), let bytes = field("hex").flatMap(Hex.decode) else { return nil }
    self.name = file
    self.expected = expected
    self.bytes = bytes
  }
}

@Suite("exported keys") struct ExportedKeyTests {
  /// Seed 00..1F, and its public key's SHA-256 as the other program has it.
  private static let identityFile =
    "43564d4901020000" + (0..<32).map { String(format: "%02x", $0) }.joined()
  private static let fingerprint = "c9a3565ffde4f72b51661be391ee13e46378d7f06dd5c8bf5af9d2cfb5b8336b"
  private static let secret = SecretBytes(copying: Array(0x40..<0x60))

  private func identity() throws -> Identity {
    let body = try #require(Hex.decode(Self.identityFile))
    return try Identity(parsing: SecretBytes(copying: body + SHA256.hash(body)))
  }

  private func found(_ bytes: [UInt8], _ identity: Identity) -> (String, SecretBytes?) {
    do {
      return ("opens", try ExportedKey(parsing: bytes).open(with: identity))
    } catch let error as FormatError {
      return (error.summary, nil)
    } catch VaultError.notAuthentic {
      return ("not authentic", nil)
    } catch VaultError.otherRecipient {
      return ("other recipient", nil)
    } catch {
      return ("\(error)", nil)
    }
  }

  @Test func `all vectors are there`() { #expect(ExportVector.all.count == 50) }

  @Test func `a recipient is known by the SHA-256 of its public key`() throws {
    #expect(Hex.encode(try identity().recipient.fingerprint) == Self.fingerprint)
  }

  @Test(arguments: ExportVector.all)
  fileprivate func `each defect is refused for its own reason`(_ vector: ExportVector) throws {
    let (found, secret) = found(vector.bytes, try identity())
    #expect(found == vector.expected)
    #expect((secret == Self.secret) == (vector.expected == "opens"))
  }

  @Test func `no changed bit of one opens, unless it is the algorithm of a held one`() throws {
    let identity = try identity()
    for name in ["valid_export.txt", "valid_held.txt", "valid_escrow.txt"] {
      let vector = try #require(ExportVector.all.first { $0.name == name })
      let file = try ExportedKey(parsing: vector.bytes)
      let header = vector.bytes.count - file.envelope.serialized().count
      // Of the envelope, whose bits others try, some.
      for place in Array(0..<header) + Array(stride(from: header, to: vector.bytes.count, by: 41)) {
        for bit in 0..<8 {
          var bytes = vector.bytes
          bytes[place] ^= 1 << UInt8(bit)
          guard found(bytes, identity).1 != nil else { continue }
          let changed = try ExportedKey(parsing: bytes)
          #expect(
            file.kind == .held && changed.algorithm != file.algorithm, "\(name): byte \(place), bit \(bit)")
        }
      }
    }
  }

  @Test func `what parses serializes to the same bytes`() throws {
    for vector in ExportVector.all {
      guard let file = try? ExportedKey(parsing: vector.bytes) else { continue }
      #expect(file.serialized() == vector.bytes)
    }
  }

  @Test func `one that is made here opens for its recipient alone`() throws {
    let (own, other) = (try Identity.fresh(), try Identity.fresh())
    let context = KeyContext(tenant: "acme", object: "key/a", version: 1, purpose: "data")
    let file = try ExportedKey(Self.secret, of: context, algorithm: "opaque", to: own.recipient)
    let read = try ExportedKey(parsing: file.serialized())
    #expect(try read.open(with: own) == Self.secret)
    #expect(throws: VaultError.otherRecipient(fingerprint: Hex.encode(own.recipient.fingerprint))) {
      try read.open(with: other)
    }
  }

  @Test func `a recipient's and an identity's file are refused with one bit changed, or cut, or exchanged`()
    throws
  {
    let identity = try Identity.fresh()
    let open = try identity.recipient.serialized()
    let closed = try identity.serialized().withBytes { unsafe Array($0) }
    #expect(try Recipient(parsing: open) == identity.recipient)
    #expect(try Identity(parsing: SecretBytes(copying: closed)).recipient == identity.recipient)
    for place in open.indices {
      var bytes = open
      bytes[place] ^= 1 << UInt8(place % 8)
      #expect(throws: FormatError.self) { try Recipient(parsing: bytes) }
    }
    for place in closed.indices {
      var bytes = closed
      bytes[place] ^= 1 << UInt8(place % 8)
      #expect(throws: FormatError.self) { try Identity(parsing: SecretBytes(copying: bytes)) }
    }
    for bytes in [[], Array(open.dropLast()), open + [0], closed] {
      #expect(throws: FormatError.self) { try Recipient(parsing: bytes) }
    }
    #expect(throws: FormatError.self) { try Identity(parsing: SecretBytes(copying: open)) }
  }
}
