import Bytes
import Documents
import SEV

/// How a reference value leaves. Only the first form is signed, and can be imported.
package enum ReferenceForm: String, CaseIterable, Sendable {
  case json
  /// An unsigned CoRIM (draft-ietf-rats-corim), CBOR.
  case corim
  /// The message that a reference value provider service of Confidential Containers takes, JSON.
  case rvps
}

/// CoRIM: tag 501 around an id and one CoMID (tag 506), which has one environment and its measurements. For SEV-SNP it is of AMD's
/// profile (draft-deeglaze-amd-sev-snp-corim-profile): class by OID, measurement keys by number. SEV and SEV-ES have no profile: their class is
/// a vendor and a model, their keys are texts.
///
/// | what         | SEV-SNP                      | SEV, SEV-ES                            |
/// |--------------|------------------------------|----------------------------------------|
/// | class        | id 111(1.3.6.1.4.1.3704.3.1) | vendor `AMD`, model `SEV` or `SEV-ES`  |
/// | digest       | key 641, SHA-384 (7)         | key `launch-digest`, SHA-256 (1)       |
/// | policy       | key 2, 8 bytes               | key `policy`, 4 bytes, both with a mask |
extension ReferenceValue {
  /// The bytes of a file in a form that is not signed.
  func unsigned(_ form: ReferenceForm) throws(CoreError) -> [UInt8] {
    form == .rvps ? try rvpsMessage() : try corim()
  }

  func corim() throws(CoreError) -> [UInt8] {
    let id = CBOR.text("cvmctl:\(title)")
    let isSNP = expected.type == .sevSNP
    let triple = CBOR.array([.map([(.unsigned(0), environment)]), .array(try measurements())])
    let tag = CBOR.map([
      (.unsigned(1), .map([(.unsigned(0), .text("cvmctl:\(name)"))])),
      (.unsigned(4), .map([(.unsigned(0), .array([triple]))])),
    ])
    var members: [(CBOR, CBOR)] = [
      (.unsigned(0), id), (.unsigned(1), .array([.tagged(506, .bytes(tag.encoded))])),
    ]
    if isSNP { members.append((.unsigned(3), .tagged(32, .text("tag:amd.com,2025:snp-corim-profile")))) }
    return CBOR.tagged(501, .map(members)).encoded
  }

  private var environment: CBOR {
    guard expected.type != .sevSNP else {
      // The OID's BER content; 3704 is AMD, 3.1 a VCEK's.
      return .map([
        (.unsigned(0), .tagged(111, .bytes([0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x03, 0x01])))
      ])
    }
    return .map([
      (.unsigned(1), .text("AMD")), (.unsigned(2), .text(expected.type == .sevES ? "SEV-ES" : "SEV")),
    ])
  }

  private func measurements() throws(CoreError) -> [CBOR] {
    let isSNP = expected.type == .sevSNP
    let digest = CBOR.array([.unsigned(isSNP ? 7 : 1), .bytes(try expected.digestBytes())])
    var all = [
      measurement(isSNP ? .unsigned(641) : .text("launch-digest"), [(.unsigned(2), .array([digest]))])
    ]
    if let policy = expected.policy {
      guard policy.hasPrefix("0x"), let number = UInt64(policy.dropFirst(2), radix: 16) else {
        throw .refused("reference value '\(title)': its policy is not a number")
      }
      let size = isSNP ? 8 : 4
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
      all.append(
        measurement(
          isSNP ? .unsigned(2) : .text("policy"),
          [
            (.unsigned(4), .tagged(560, .bytes(bytes))),
            (.unsigned(5), .tagged(560, .bytes([UInt8](repeating: 0xFF, count: size)))),
          ]))
    }
    return all
  }

  private func measurement(_ key: CBOR, _ values: [(CBOR, CBOR)]) -> CBOR {
    .map([(.unsigned(0), key), (.unsigned(1), .map(values))])
  }

  /// SEV-SNP by the name that the default policy there asks for; SEV and SEV-ES, for which it has none, as their CoRIM, which is
  /// found as `AMD/SEV/launch-digest/digests`.
  func rvpsMessage() throws(CoreError) -> [UInt8] {
    do {
      let payload: [UInt8]
      if expected.type == .sevSNP {
        let values = Value.members(["snp_launch_measurement": .array([.string(expected.digest)])])
        payload = Array(try JSONText.emit(values, pretty: false).utf8)
      } else {
        payload = try corim()
      }
      let message = Value.members([
        "version": .string("0.1.0"), "type": .string(expected.type == .sevSNP ? "sample" : "corim"),
        "payload": .string(Base64.encode(payload)),
      ])
      return Array((try JSONText.emit(message, pretty: false) + "\n").utf8)
    } catch let error as CoreError {
      throw error
    } catch {
      throw .refused("reference value '\(title)' cannot be written")
    }
  }
}

/// The part of CBOR (RFC 8949) that a CoRIM needs, in its shortest form. Maps keep the order that they are given.
indirect enum CBOR {
  case unsigned(UInt64)
  case bytes([UInt8])
  case text(String)
  case array([CBOR])
  case map([(CBOR, CBOR)])
  case tagged(UInt64, CBOR)

  var encoded: [UInt8] {
    switch self {
    case .unsigned(let number): Self.head(0, number)
    case .bytes(let bytes): Self.head(2, UInt64(bytes.count)) + bytes
    case .text(let text): Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
    case .array(let elements): Self.head(4, UInt64(elements.count)) + elements.flatMap(\.encoded)
    case .map(let members):
      Self.head(5, UInt64(members.count)) + members.flatMap { $0.encoded + $1.encoded }
    case .tagged(let tag, let value): Self.head(6, tag) + value.encoded
    }
  }

  /// RFC 8949, section 3: major type and argument, big-endian.
  private static func head(_ major: UInt8, _ number: UInt64) -> [UInt8] {
    func bytes(_ first: UInt8, _ count: Int) -> [UInt8] {
      [major << 5 | first]
        + (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
    return switch number {
    case 0..<24: [major << 5 | UInt8(number)]
    case 24...0xFF: bytes(24, 1)
    case 0x100...0xFFFF: bytes(25, 2)
    case 0x1_0000...0xFFFF_FFFF: bytes(26, 4)
    default: bytes(27, 8)
    }
  }
}
