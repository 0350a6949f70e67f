import CVMCore
import Testing

@Suite("consent to a policy") struct PolicyConsentTests {
  private func problem(_ type: LaunchType, _ value: UInt64, debug: Bool = false, keySharing: Bool = false)
    -> PolicyViolation?
  {
    let policy = PolicyValue(type: type, rawValue: value)
    let consent = PolicyConsent(debug: debug, keySharing: keySharing)
    guard case .policy(let violation)? = refusal({ try consent.require(policy) }) else { return nil }
    return violation
  }

  @Test(arguments: LaunchPolicy.builtIn.indices)
  func `is not needed for a built-in policy`(_ index: Int) {
    let policy = LaunchPolicy.builtIn[index]
    #expect(problem(policy.value.type, policy.value.rawValue) == nil && policy.isBuiltIn)
    #expect(!policy.value.allowsDebug && !policy.value.allowsKeySharing && policy.value.fitsType)
  }

  /// Every value of the six flags, for both types: what is refused is what the flags say.
  @Test(arguments: [LaunchType.sev, .sevES], [(false, false), (false, true), (true, false), (true, true)])
  func `is needed for each thing that is given away, and covers that thing alone`(
    _ type: LaunchType, _ consent: (debug: Bool, keySharing: Bool)
  ) {
    for value in 0..<UInt64(64) {
      let text = PolicyValue(type: type, rawValue: value).text
      let expected: PolicyViolation? =
        if (value & 4 != 0) != (type == .sevES) {
          .wrongType(policy: text, type: type.rawValue)
        } else if value & 1
          == 0, !consent.debug
        { .debugAllowed(policy: text) } else if value & 2 == 0, !consent.keySharing {
          .keySharingAllowed(policy: text)
        } else { nil }
      #expect(
        problem(type, value, debug: consent.debug, keySharing: consent.keySharing) == expected, "\(text)")
    }
  }

  @Test func `to debugging is asked of SEV-SNP too`() {
    #expect(problem(.sevSNP, 0xB_0000) == .debugAllowed(policy: "0x00000000000b0000"))
    #expect(problem(.sevSNP, 0xB_0000, debug: true) == nil)
  }

  @Test(arguments: 6..<16)
  func `does not cover reserved bits`(_ bit: Int) {
    let value = UInt64(3) | 1 << UInt64(bit)
    let text = PolicyValue(type: .sev, rawValue: value).text
    #expect(problem(.sev, value, debug: true, keySharing: true) == .reservedBits(policy: text))
  }

  @Test func `does not cover a clear mandatory bit of SEV-SNP, nor a number beyond 32 bits`() {
    #expect(
      problem(.sevSNP, 0x1_0000, debug: true, keySharing: true) == .reservedBits(policy: "0x0000000000010000")
    )
    let wide = PolicyValue(type: .sev, rawValue: 0x1_0000_0003)
    #expect(
      wide.sev == nil && wide.allowsDebug && !wide.fitsType && wide.hasReservedBits, "nothing is assumed")
    #expect(problem(.sev, 0x1_0000_0003, debug: true, keySharing: true) != nil)
  }

  @Test func `the lowest API that a policy asks for is no matter of consent`() {
    #expect(problem(.sev, 0x3701_0003) == nil)
    #expect(PolicyValue(type: .sev, rawValue: 0x3701_0003).minimumAPI == "1.55")
  }

  @Test func `a number is written in the width of its type`() {
    #expect(PolicyValue(type: .sev, rawValue: 5).text == "0x00000005")
    #expect(PolicyValue(type: .sevSNP, rawValue: 0x30000).text == "0x0000000000030000")
    #expect(PolicyValue(type: .sev, rawValue: .max).text == "0xffffffffffffffff", "never shortened")
  }

  @Test func `warnings tell what a policy gives away`() {
    func warnings(_ value: UInt64) -> [String] { PolicyValue(type: .sev, rawValue: value).warnings }
    #expect(warnings(3).isEmpty)
    #expect(warnings(2).contains { $0.contains("debugging") })
    #expect(warnings(1).contains { $0.contains("NOKS") })
    #expect(warnings(0x43).contains { $0.contains("reserved") })
    #expect(warnings(0x0137_0003).contains { $0.contains("swapped") })
  }
}
