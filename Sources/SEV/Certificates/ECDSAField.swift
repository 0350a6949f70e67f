internal import Bytes
package import CVMCrypto

/// How AMD's structures hold a number of P-384: 72 bytes little-endian, of which the high 24 are zero.
package enum ECDSAField {
  package static let size = 72
  private static let used = P384.size

  /// From 48 bytes big-endian.
  package static func encode(_ bigEndian: [UInt8]) -> [UInt8] {
    bigEndian.reversed() + [UInt8](repeating: 0, count: size - bigEndian.count)
  }

  /// 48 bytes big-endian; nil unless there are 72 bytes with the high 24 zero.
  package static func decode(_ field: [UInt8]) -> [UInt8]? {
    guard field.count == size, field[used...].allSatisfy({ $0 == 0 }) else { return nil }
    return field[..<used].reversed()
  }

  /// R then S, 144 bytes.
  package static func encode(_ signature: ECDSASignature) -> [UInt8] {
    encode(signature.r) + encode(signature.s)
  }

  /// Why R and S are no signature of P-384.
  package enum Defect: Error, Equatable, Sendable {
    /// A byte above the number's 48 is not zero.
    case highBytes
    /// Not 0 < R, S < n.
    case outOfRange
  }

  package static func signature(r: [UInt8], s: [UInt8]) throws(Defect) -> ECDSASignature {
    guard let r = decode(r), let s = decode(s) else { throw .highBytes }
    let signature: ECDSASignature
    do { signature = try ECDSASignature(r: r, s: s) } catch { throw .outOfRange }
    guard signature.isInRange else { throw .outOfRange }
    return signature
  }
}

extension ByteCursor {
  /// QX and QY, 72 bytes each: a point of P-384.
  mutating func p384Point() throws(FormatError) -> P384.PublicKey {
    let start = offset
    let x = ECDSAField.decode(try array(ECDSAField.size))
    let y = ECDSAField.decode(try array(ECDSAField.size))
    guard let x, let y else {
      throw FormatError(format, at: start, .invalid(field: "QX, QY", reason: "wider than P-384"))
    }
    do { return try P384.PublicKey(x: x, y: y) } catch {
      throw FormatError(format, at: start, .invalid(field: "QX, QY", reason: "not a point of P-384"))
    }
  }

  /// R and S, 72 bytes each.
  mutating func p384Signature(field: String) throws(FormatError) -> ECDSASignature {
    let start = offset
    let r = try array(ECDSAField.size)
    let s = try array(ECDSAField.size)
    do { return try ECDSAField.signature(r: r, s: s) } catch {
      throw FormatError(format, at: start, .invalid(field: field, reason: "no signature of P-384"))
    }
  }
}
