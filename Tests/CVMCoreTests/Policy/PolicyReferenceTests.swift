import CVMCore
import Testing

@Suite("how policies are named") struct PolicyReferenceTests {
  @Test(arguments: [
    ("default", PolicyReference.Kind.named("default", version: nil)),
    ("web-1", .named("web-1", version: nil)),
    ("web@3", .named("web", version: 3)), ("a", .named("a", version: nil)), ("0x5", .value(5)),
    ("0X5", .value(5)),
    ("5", .value(5)), ("0", .value(0)), ("010", .value(10)), ("0xFFFFFFFFFFFFFFFF", .value(.max)),
    ("18446744073709551615", .value(.max)), ("NODBG", .bits), ("NODBG,NOKS", .bits), ("NODBG+ES", .bits),
    ("NODBG|ES", .bits), ("ES", .bits), ("a|b", .bits), ("DEBUG", .bits),
  ])
  func `a text is a name, a number or bit words`(_ text: String, _ kind: PolicyReference.Kind) throws {
    #expect(try PolicyReference(text).kind == kind)
  }

  @Test(arguments: [
    "", "Web", "NODBUG", "-web", "web_1", "ü", "web@", "web@0", "web@-1", "web@x", "web@1@2", "@1", "web 1",
    "5x",
    "0x", "0xG", "1e3", "18446744073709551616", "0x10000000000000000", "٣", "a/b", "a\n",
    String(repeating: "a", count: 64),
  ])
  func `a text that is none of them is a wrong use`(_ text: String) {
    guard case .usage? = refusal({ _ = try PolicyReference(text) }) else {
      Issue.record("taken")
      return
    }
  }

  @Test(arguments: [
    ("NODBG", LaunchType.sev, UInt64(1)), ("NODBG,NOKS", .sev, 3), ("NODBG|NOKS", .sev, 3),
    ("nodbg,noks", .sev, 3),
    ("NODBG+NOKS+ES", .sevES, 7),
    ("NOSEND,DOMAIN,SEV", .sev, 0x38), ("0x0b", .sev, 0xB), ("11", .sev, 11), ("0x30000", .sevSNP, 0x30000),
    ("0xFFFFFFFF", .sev, 0xFFFF_FFFF),
  ])
  func `bit words and numbers have one value for a type`(_ text: String, _ type: LaunchType, _ value: UInt64)
    throws
  {
    #expect(try PolicyReference(text).value(for: type) == PolicyValue(type: type, rawValue: value))
  }

  @Test func `a name has no value of its own`() throws {
    #expect(try PolicyReference("default").value(for: .sev) == nil)
  }

  @Test(arguments: [
    ("0x100000000", LaunchType.sev), ("4294967296", .sevES), ("NODBG,NOKSS", .sev), ("a|b", .sev),
    ("NODBG,", .sev),
    ("NODBG", .sevSNP), ("a|b", .sevSNP),
  ])
  func `a value that the type does not have is a wrong use`(_ text: String, _ type: LaunchType) {
    guard case .usage? = refusal({ _ = try PolicyReference(text).value(for: type) }) else {
      Issue.record("taken")
      return
    }
  }

  @Test(
    arguments: zip(
      [0, 1, 3, 4, 7, 0xF, 0x2_0000, 0x3_0000, 0x1_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0x1_0003] as [UInt64],
      [LaunchType.sev, .sev, .sev, .sevES, .sevES, .sevES, .sevSNP, .sevSNP, .sevSNP, .sevSNP, .sev]))
  func `a bare number goes with the type that it most likely is for`(_ number: UInt64, _ type: LaunchType) {
    #expect(PolicyReference.likelyType(of: number) == type)
  }
}
