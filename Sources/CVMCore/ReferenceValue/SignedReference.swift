import Bytes
import CVMCrypto
import Documents
import PostQuantum
import StateStore

/// A reference value with the signature of its tenant: MLDSA65-Ed25519-SHA512 over the canonical text, both parts of which must verify.
struct SignedReference {
  let value: ReferenceValue
  /// What is signed.
  let text: [UInt8]
  let signature: [UInt8]

  init(_ value: ReferenceValue, by key: CompositeSignature.PrivateKey) throws(CoreError) {
    self.value = value
    text = try value.canonical()
    do {
      signature = try key.sign(text, context: Array(ReferenceValue.context.utf8))
    } catch {
      throw .crypto(error)
    }
  }

  /// A row as it stands: nothing of it is believed yet but that it stands where it says.
  init(_ row: ReferenceValueRow) throws(CoreError) {
    let place = "reference value '\(row.name)@\(row.version)'"
    do {
      value = try ReferenceValue(canonical: row.value)
    } catch {
      throw .refused("\(place) was changed in the store: it cannot be read")
    }
    guard value.tenant == row.tenant, value.name == row.name, Int64(value.version) == row.version else {
      throw .refused("\(place) was changed in the store: its signature is of another one")
    }
    text = row.value
    signature = row.signature
  }

  func isSigned(by key: CompositeSignature.PublicKey) throws(CoreError) -> Bool {
    do {
      return try key.verify(signature, of: text, context: Array(ReferenceValue.context.utf8))
    } catch {
      throw .crypto(error)
    }
  }
}

/// A signed reference value in a file, as JSON.
///
/// | member      | content                                                    |
/// |-------------|------------------------------------------------------------|
/// | `format`    | `cvmctl/reference-value/v1`                                |
/// | `value`     | the value; its canonical text is signed                    |
/// | `publicKey` | base64, 1984 bytes (`CompositeSignature`)                  |
/// | `signature` | base64, 3373 bytes                                         |
extension SignedReference {
  func document(publicKey: CompositeSignature.PublicKey) throws(CoreError) -> [UInt8] {
    do {
      let document = Value.members([
        "format": .string(ReferenceValue.context), "value": try JSONText.parse(text),
        "publicKey": .string(Base64.encode(publicKey.bytes)),
        "signature": .string(Base64.encode(signature)),
      ])
      return Array((try JSONText.emit(document) + "\n").utf8)
    } catch {
      throw .malformedDocument(source: "reference value '\(value.title)'", error)
    }
  }

  /// A file's value and the key that it names, of which nothing is believed yet.
  static func parse(
    _ bytes: [UInt8], source: String
  ) throws(CoreError) -> (SignedReference, CompositeSignature.PublicKey) {
    let root: Value
    do { root = try JSONText.parse(bytes) } catch { throw .malformedDocument(source: source, error) }
    func invalid(_ field: String, _ reason: String) -> CoreError {
      .malformedBytes(
        source: source, FormatError(ReferenceValue.format, at: 0, .invalid(field: field, reason: reason)))
    }
    guard root["format"]?.text == ReferenceValue.context else {
      throw invalid("format", "not \(ReferenceValue.context)")
    }
    guard let key = root["publicKey"]?.text.flatMap(Base64.decode),
      let publicKey = try? CompositeSignature.PublicKey(key)
    else { throw invalid("publicKey", "not \(CompositeSignature.publicKeySize) bytes of base64") }
    guard let signature = root["signature"]?.text.flatMap(Base64.decode),
      signature.count == CompositeSignature.signatureSize
    else { throw invalid("signature", "not \(CompositeSignature.signatureSize) bytes of base64") }
    let value: ReferenceValue
    do {
      value = try ReferenceValue(root["value"] ?? .null)
    } catch {
      throw .malformedBytes(source: source, error)
    }
    return (SignedReference(value: value, text: try value.canonical(), signature: signature), publicKey)
  }

  private init(value: ReferenceValue, text: [UInt8], signature: [UInt8]) {
    self.value = value
    self.text = text
    self.signature = signature
  }
}
