import BackendContract
import CVMCore
import SimulatedBackend
import Testing

@Suite("Simulated backend, by the contract of all backends") struct ContractTests {
  let contract: LaunchBackendContract
  private let host: Host

  init() throws {
    let host = try Host()
    let firmware = try host.file("firmware.fd", Firmware.image())
    self.host = host
    contract = LaunchBackendContract(
      connect: { try host.backend() },
      document: { guest in
        var document = Document()
        document.name = guest.nameInXML
        document.uuid = guest.uuid
        document.vcpus = guest.vcpus
        document.loader = "<loader readonly='yes' type='pflash' stateless='yes'>\(firmware)</loader>"
        document.security = guest.policy.map { policy in
          let digits = String(policy, radix: 16)
          let padded = String(repeating: "0", count: 4 - digits.count) + digits
          return "<policy>0x\(padded)</policy>" + (guest.certificate.map { "<dhCert>\($0)</dhCert>" } ?? "")
            + (guest.session.map { "<session>\($0)</session>" } ?? "")
        }
        return document()
      },
      firmware: firmware)
  }

  @Test func `definitions are kept`() throws { try contract.definitionsAreKept() }
  @Test func `names and UUIDs are unique`() throws { try contract.namesAndUUIDsAreUnique() }
  @Test func `names are carried exactly`() throws { try contract.namesAreCarriedExactly() }
  @Test func `active guests come first`() throws { try contract.activeGuestsComeFirst() }
  @Test func `bad documents are refused`() throws { try contract.badDocumentsAreRefused() }
  @Test func `unknown guests are not found`() throws { try contract.unknownGuestsAreNotFound() }
  @Test func `the platform names itself`() throws { try contract.thePlatformNamesItself() }

  @Test(arguments: [(1 as UInt32, 1), (3, 1), (7, 1), (7, 4)])
  func `a launch is measured for its owner`(_ guest: (policy: UInt32, vcpus: Int)) throws {
    try contract.aLaunchIsMeasuredForItsOwner(policy: guest.policy, vcpus: guest.vcpus)
  }

  @Test func `a launch is paused and leaves the definition`() throws {
    try contract.aLaunchIsPausedAndLeavesTheDefinition()
  }
  @Test func `a session for another policy starts nothing`() throws {
    try contract.aSessionForAnotherPolicyStartsNothing()
  }
  @Test func `secrets are for the measured launch alone`() throws {
    try contract.secretsAreForTheMeasuredLaunchAlone()
  }
  @Test func `a second launch is another one`() throws { try contract.aSecondLaunchIsAnotherOne() }
  @Test func `a guest lives`() throws { try contract.aGuestLives() }
  @Test func `a guest without launch security starts`() throws {
    try contract.aGuestWithoutLaunchSecurityStarts()
  }
  @Test func `an undefined running guest is transient`() throws {
    try contract.anUndefinedRunningGuestIsTransient()
  }
  @Test func `a reset ends a SEV-ES guest`() throws { try contract.aResetEndsASEVESGuest() }

  @Test func `it is simulated and says so`() throws {
    let backend = try host.backend()
    #expect(backend.isSimulated && backend.uri == "sim:///")
    #expect(try backend.canonicalURI() == "sim:///default")
    #expect(try backend.version().hypervisorType == "simulated")
  }
}
