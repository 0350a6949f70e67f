import SEV
import Testing

@Suite struct SEVPolicyTests {
  @Test func `each flag has its bit`() {
    #expect(SEVPolicy(rawValue: 1).noDebug)
    #expect(SEVPolicy(rawValue: 2).noKeySharing)
    #expect(SEVPolicy(rawValue: 4).es)
    #expect(SEVPolicy(rawValue: 8).noSend)
    #expect(SEVPolicy(rawValue: 16).domain)
    #expect(SEVPolicy(rawValue: 32).sev)
    let none = SEVPolicy(rawValue: ~0x3F)
    #expect(![none.noDebug, none.noKeySharing, none.es, none.noSend, none.domain, none.sev].contains(true))
    #expect(SEVPolicy.names == ["NODBG", "NOKS", "ES", "NOSEND", "DOMAIN", "SEV"])
  }

  @Test func `the API pair is major then minor from bit 16 up`() {
    let policy = SEVPolicy(rawValue: 0x1701_0003)
    #expect(policy.apiMajor == 1 && policy.apiMinor == 0x17 && !policy.hasUnlikelyAPIVersion)
    #expect(policy.admits(apiMajor: 1, apiMinor: 0x17) && policy.admits(apiMajor: 2, apiMinor: 0))
    #expect(!policy.admits(apiMajor: 1, apiMinor: 0x16) && !policy.admits(apiMajor: 0, apiMinor: 0xFF))
  }

  @Test func `a swapped API pair is noticed`() {
    let swapped = SEVPolicy(rawValue: 0x0133_0007)
    #expect(swapped.apiMajor == 0x33 && swapped.apiMinor == 1 && swapped.hasUnlikelyAPIVersion)
  }

  @Test func `reserved bits are 6 to 15`() {
    #expect(SEVPolicy(rawValue: 0xFFFF_003F).reservedBits == 0)
    #expect(SEVPolicy(rawValue: 0x8043).reservedBits == 0x8040)
  }

  @Test func `debugging and key sharing ask for consent when their bits are clear`() {
    #expect(SEVPolicy(rawValue: 0x2).requiresDebugConsent)
    #expect(!SEVPolicy(rawValue: 0x1).requiresDebugConsent)
    #expect(SEVPolicy(rawValue: 0x1).requiresKeySharingConsent)
    #expect(!SEVPolicy.sevDefault.requiresKeySharingConsent && !SEVPolicy.sevDefault.requiresDebugConsent)
    #expect(SEVPolicy.sevDefault.rawValue == 3 && SEVPolicy.esDefault.rawValue == 7)
    #expect(SEVPolicy.esDefault.es && !SEVPolicy.sevDefault.es)
  }

  @Test func `only NOSEND or SEV keeps a guest from an unverified platform`() {
    #expect(SEVPolicy(rawValue: 0x3).mayLeaveForUnverifiedPlatform)
    #expect(SEVPolicy(rawValue: 0x13).mayLeaveForUnverifiedPlatform)
    #expect(!SEVPolicy(rawValue: 0xB).mayLeaveForUnverifiedPlatform)
    #expect(!SEVPolicy(rawValue: 0x23).mayLeaveForUnverifiedPlatform)
  }

  @Test func `facts tell every bit and what weakens`() {
    let open = SEVPolicy(rawValue: 0).facts
    #expect(open.map(\.bit) == [0, 1, 2, 3, 4, 5] && open.allSatisfy { !$0.isSet && !$0.meaning.isEmpty })
    #expect(open.map(\.weakensConfidentiality) == [true, true, true, true, false, false])
    #expect(SEVPolicy(rawValue: 0x3F).facts.allSatisfy { $0.isSet && !$0.weakensConfidentiality })
    #expect(!SEVPolicy(rawValue: 0x20).facts[3].weakensConfidentiality)
  }

  @Test(
    arguments: [
      ("0x5", 5), ("5", 5), ("0X0003", 3), ("10", 10), ("0xffffffff", UInt32.max), ("NODBG,NOKS,ES", 7),
      ("nodbg+noks", 3), ("NODBG|SEV", 0x21), ("0", 0), ("NOSEND", 8),
    ] as [(String, UInt32)])
  func `a policy reads as people write it`(_ text: String, _ value: UInt32) throws {
    #expect(try SEVPolicy(text: text) == SEVPolicy(rawValue: value))
  }

  @Test(arguments: [
    ("", PolicyTextError.empty), ("0x", .notANumber("0x")), ("5 ", .notANumber("5 ")),
    ("0x5g", .notANumber("0x5g")),
    ("0x+5", .notANumber("0x+5")), ("5_0", .notANumber("5_0")),
    ("0x100000000", .tooLarge("0x100000000", bits: 32)),
    ("99999999999999999999999", .tooLarge("99999999999999999999999", bits: 32)),
    ("NODBG,NODBG", .repeatedName("NODBG")), ("NODBG,", .unknownName("", known: SEVPolicy.names)),
    ("-1", .unknownName("-1", known: SEVPolicy.names)),
    ("DEBUG", .unknownName("DEBUG", known: SEVPolicy.names)),
    (" 5", .unknownName(" 5", known: SEVPolicy.names)),
  ])
  func `anything else is refused with its reason`(_ text: String, _ expected: PolicyTextError) {
    #expect(throws: expected) { try SEVPolicy(text: text) }
  }

  @Test func `a policy prints eight digits`() {
    #expect(SEVPolicy.sevDefault.description == "0x00000003")
    #expect(SEVPolicy(rawValue: 0xB701_0007).description == "0xb7010007")
  }

  @Test func `damaged texts never trap, and a policy that reads prints what it is`() throws {
    var random = SeededGenerator(seed: 3)
    for sample in ["0x0000000f", "4294967295", "NODBG,NOKS+ES|NOSEND,DOMAIN,SEV"] {
      for _ in 0..<7_000 {
        let text = String(decoding: mutated(Array(sample.utf8), &random), as: UTF8.self)
        guard let policy = try? SEVPolicy(text: text) else { continue }
        guard try SEVPolicy(text: policy.description) == policy else {
          Issue.record("read otherwise: \(text)")
          return
        }
      }
    }
  }
}
