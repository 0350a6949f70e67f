import Bytes
import Testing

@testable import CVMCore

@Suite("reference values for others") struct ReferenceFormTests {
  private func value(_ facts: LaunchFacts) -> ReferenceValue {
    ReferenceValue(
      tenant: "default", name: "web1", version: 3, expected: facts, toolVersion: "1", madeAt: "",
      signingKey: ReferenceValue.SigningKey(name: "k", version: 1))
  }

  /// Worked example of the SEV-SNP profile, 195 bytes, recomputed independently.
  @Test func `are AMD's CoRIM for SEV-SNP`() throws {
    let digest = [UInt8](repeating: 0xA5, count: 48)
    let facts = try LaunchFacts(
      type: .sevSNP, policy: PolicyValue(type: .sevSNP, rawValue: 0x30000), digest: digest)
    let expected =
      "d901f5a3006d63766d63746c3a7765623140330181d901fa5882a201a1006b63766d63746c3a7765623104a1008182a100a100d86f49"
      + "2b060104019c78030182a20019028101a1028182075830" + Hex.encode(digest)
      + "a2000201a204d9023048000003000000000005d9023048ffffffffffffffff03d82078227461673a616d642e636f6d2c32303235"
      + "3a736e702d636f72696d2d70726f66696c65"
    #expect(Hex.encode(try value(facts).corim()) == expected)
    let message = String(decoding: try value(facts).rvpsMessage(), as: UTF8.self)
    let payload = Base64.encode(Array("{\"snp_launch_measurement\":[\"\(Hex.encode(digest))\"]}".utf8))
    #expect(message == "{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"\(payload)\"}\n")
  }

  @Test func `are a CoRIM of their own for SEV`() throws {
    let facts = try LaunchFacts(type: .sev, policy: nil, digest: [UInt8](repeating: 1, count: 32))
    let bytes = try value(facts).corim()
    let message = String(decoding: try value(facts).rvpsMessage(), as: UTF8.self)
    #expect(message.contains("\"corim\"") && message.contains(Base64.encode(bytes)))
    #expect(Hex.encode(bytes).contains("a20163414d440263534556"))  // {1: "AMD", 2: "SEV"}
  }

  @Test func `have a digest of their type's size`() {
    #expect(refusal { _ = try LaunchFacts(type: .sevSNP, policy: nil, digest: [1]) } != nil)
    #expect(
      refusal { _ = try LaunchFacts(type: .sev, policy: nil, digest: Array(repeating: 1, count: 48)) } != nil)
  }

  /// RFC 8949, appendix A.
  @Test(arguments: [
    (0 as UInt64, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (1_000_000, "1a000f4240"),
    (1_000_000_000_000, "1b000000e8d4a51000"), (.max, "1bffffffffffffffff"),
  ]) func `write CBOR's numbers in their shortest form`(_ number: UInt64, _ hex: String) {
    #expect(Hex.encode(CBOR.unsigned(number).encoded) == hex)
  }

  @Test func `are signed in one form alone`() throws {
    let facts = try LaunchFacts(type: .sev, policy: nil, digest: [UInt8](repeating: 1, count: 32))
    let text = try value(facts).canonical()
    #expect(String(decoding: text, as: UTF8.self).hasPrefix("{\"expected\":{\"digest\":\"0101"))
    #expect(try ReferenceValue(canonical: text) == value(facts))
    for other in [
      text + [0x20], [0x20] + text, Array("{\"a\":1,".utf8) + text.dropFirst(), [], Array("[]".utf8),
    ] {
      #expect(throws: FormatError.self) { _ = try ReferenceValue(canonical: other) }
    }
  }
}
