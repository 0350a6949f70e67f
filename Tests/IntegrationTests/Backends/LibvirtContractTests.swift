import BackendContract
import CVMCore
import LibvirtBackend
import TestHarness
import Testing

extension Integration {
  /// What `SimulatedBackendTests` holds against the simulated host, against real libvirt with `cvm-qemu`.
  @Suite("libvirt, by the contract of all backends", .serialized) struct LibvirtContractTests {
    let contract: LaunchBackendContract
    let libvirtd: PrivateLibvirtd

    init() throws {
      let libvirtd = try PrivateLibvirtd.shared(.wrapper)
      let firmware = try libvirtd.directory.copy("/usr/share/OVMF/OVMF_CODE.fd", as: "contract.fd")
      self.libvirtd = libvirtd
      let (uri, emulator) = (libvirtd.uri, libvirtd.emulatorPath)
      contract = LaunchBackendContract(
        connect: { try LibvirtBackend(uri: uri, readOnly: false, timeout: 60) },
        document: { guest in
          var document = GuestDocument(name: guest.name, emulator: emulator)
          document.uuid = guest.uuid
          document.cpu = "qemu64"
          document.memoryMiB = 64
          document.vcpus = guest.vcpus
          document.firmware = .pflash(firmware)
          document.policy = guest.policy
          if let certificate = guest.certificate, let session = guest.session {
            document.session = (certificate, session)
          }
          return document.xml
        },
        firmware: firmware)
    }

    private func expectNoProcess() {
      #expect(
        holds(within: .seconds(10)) { libvirtd.guestProcesses().isEmpty }, "\(libvirtd.guestProcesses())")
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
      expectNoProcess()
    }

    @Test func `secrets are for the measured launch alone`() throws {
      try contract.secretsAreForTheMeasuredLaunchAlone()
    }

    @Test func `a second launch is another one`() throws { try contract.aSecondLaunchIsAnotherOne() }

    @Test func `a guest lives`() throws {
      try contract.aGuestLives()
      expectNoProcess()
    }

    @Test func `a guest without launch security starts`() throws {
      try contract.aGuestWithoutLaunchSecurityStarts()
    }

    @Test func `an undefined running guest is transient`() throws {
      try contract.anUndefinedRunningGuestIsTransient()
    }

    @Test func `a reset ends a SEV-ES guest`() throws {
      try contract.aResetEndsASEVESGuest()
      expectNoProcess()
    }
  }
}
