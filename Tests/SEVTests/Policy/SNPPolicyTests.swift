import SEV
import Testing

@Suite struct SNPPolicyTests {
  @Test func `each flag has its bit`() {
    let flags: [(UInt64, KeyPath<SNPPolicy, Bool>)] = [
      (16, \.smt), (17, \.hasMandatoryBit), (18, \.migrationAgent), (19, \.debug), (20, \.singleSocket),
      (21, \.cxlAllowed), (22, \.aes256XTS), (23, \.raplDisabled), (24, \.ciphertextHiding),
      (25, \.pageSwapDisabled),
    ]
    for (bit, flag) in flags {
      #expect(SNPPolicy(rawValue: 1 << bit)[keyPath: flag])
      #expect(!SNPPolicy(rawValue: ~(1 << bit))[keyPath: flag])
    }
  }

  // Worked policies of public tools: Azure's, and one with every flag and ABI 1.55.
  @Test func `the ABI pair is minor then major from bit 0 up`() {
    let azure = SNPPolicy(rawValue: 0x3001F)
    #expect(azure.abiMajor == 0 && azure.abiMinor == 31 && azure.smt && azure.isWellFormed)
    let all = SNPPolicy(rawValue: 0x3FF_0137)
    #expect(all.abiMajor == 1 && all.abiMinor == 55 && all.isWellFormed)
    #expect(all.facts.allSatisfy { $0.isSet })
    #expect(all.admits(abiMajor: 1, abiMinor: 55) && !all.admits(abiMajor: 1, abiMinor: 54))
  }

  @Test func `bit 17 clear or a reserved bit set is malformed`() {
    #expect(!SNPPolicy(rawValue: 0x10000).isWellFormed)
    #expect(!SNPPolicy(rawValue: 0x400_0000 | 0x30000).isWellFormed)
    #expect(SNPPolicy(rawValue: 1 << 63).reservedBits == 1 << 63)
    #expect(SNPPolicy.snpDefault.isWellFormed && SNPPolicy.snpDefault.rawValue == 0x30000)
  }

  @Test func `only DEBUG and MIGRATE_MA weaken`() {
    let weakening = SNPPolicy(rawValue: UInt64.max).facts.filter(\.weakensConfidentiality).map(\.name)
    #expect(weakening == ["MIGRATE_MA", "DEBUG"])
    #expect(!SNPPolicy(rawValue: 0).facts.contains { $0.weakensConfidentiality })
    #expect(SNPPolicy(rawValue: 0xB0000).requiresDebugConsent)
    #expect(SNPPolicy(rawValue: 0x70000).requiresMigrationConsent)
    #expect(!SNPPolicy.snpDefault.requiresDebugConsent && !SNPPolicy.snpDefault.requiresMigrationConsent)
  }

  @Test(
    arguments: [
      ("0x30000", 0x30000), ("196608", 0x30000), ("SMT", 0x30000), ("smt+SINGLE_SOCKET", 0x130000),
      ("0x0", 0),
      ("0xffffffffffffffff", UInt64.max),
    ] as [(String, UInt64)])
  func `names imply bit 17, numbers stand as they are`(_ text: String, _ value: UInt64) throws {
    #expect(try SNPPolicy(text: text) == SNPPolicy(rawValue: value))
  }

  @Test(arguments: ["", "RESERVED_1", "SMT,SMT", "0x10000000000000000", "NODBG"])
  func `anything else is refused`(_ text: String) {
    #expect(throws: PolicyTextError.self) { try SNPPolicy(text: text) }
  }

  @Test func `a policy prints sixteen digits`() {
    #expect(SNPPolicy.snpDefault.description == "0x0000000000030000")
  }
}
