import BackendContract
import CVMCore
import TestHarness
import Testing

extension Integration {
  /// What `SimulatedBackendTests` holds against the simulated host, against real libvirt with `cvm-qemu`, over the daemon's
  /// socket and over libvirt.so.
  @Suite("libvirt, by the contract of all backends", .serialized) struct LibvirtContractTests {
    private let firmware: String
    private let libvirtd: PrivateLibvirtd

    init() throws {
      libvirtd = try PrivateLibvirtd.shared(.wrapper)
      firmware = try libvirtd.directory.copy("/usr/share/OVMF/OVMF_CODE.fd", as: "contract.fd")
    }

    private func contract(_ way: Way) -> LaunchBackendContract {
      let (libvirtd, firmware, emulator) = (libvirtd, firmware, libvirtd.emulatorPath)
      return LaunchBackendContract(
        connect: { try BackendGuest.backend(libvirtd, by: way, timeout: 60) },
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

    @Test(arguments: Way.allCases) func `definitions are kept`(_ way: Way) throws {
      try contract(way).definitionsAreKept()
    }
    @Test(arguments: Way.allCases) func `names and UUIDs are unique`(_ way: Way) throws {
      try contract(way).namesAndUUIDsAreUnique()
    }
    @Test(arguments: Way.allCases) func `names are carried exactly`(_ way: Way) throws {
      try contract(way).namesAreCarriedExactly()
    }
    @Test(arguments: Way.allCases) func `active guests come first`(_ way: Way) throws {
      try contract(way).activeGuestsComeFirst()
    }
    @Test(arguments: Way.allCases) func `bad documents are refused`(_ way: Way) throws {
      try contract(way).badDocumentsAreRefused()
    }
    @Test(arguments: Way.allCases) func `unknown guests are not found`(_ way: Way) throws {
      try contract(way).unknownGuestsAreNotFound()
    }
    @Test(arguments: Way.allCases) func `the platform names itself`(_ way: Way) throws {
      try contract(way).thePlatformNamesItself()
    }

    @Test(arguments: Way.allCases, [(1 as UInt32, 1), (3, 1), (7, 1), (7, 4)])
    func `a launch is measured for its owner`(_ way: Way, _ guest: (policy: UInt32, vcpus: Int)) throws {
      try contract(way).aLaunchIsMeasuredForItsOwner(policy: guest.policy, vcpus: guest.vcpus)
    }

    @Test(arguments: Way.allCases) func `a launch is paused and leaves the definition`(_ way: Way) throws {
      try contract(way).aLaunchIsPausedAndLeavesTheDefinition()
    }

    @Test(arguments: Way.allCases) func `a session for another policy starts nothing`(_ way: Way) throws {
      try contract(way).aSessionForAnotherPolicyStartsNothing()
      expectNoProcess()
    }

    @Test(arguments: Way.allCases) func `secrets are for the measured launch alone`(_ way: Way) throws {
      try contract(way).secretsAreForTheMeasuredLaunchAlone()
    }

    @Test(arguments: Way.allCases) func `a second launch is another one`(_ way: Way) throws {
      try contract(way).aSecondLaunchIsAnotherOne()
    }

    @Test(arguments: Way.allCases) func `a guest lives`(_ way: Way) throws {
      try contract(way).aGuestLives()
      expectNoProcess()
    }

    @Test(arguments: Way.allCases) func `a guest without launch security starts`(_ way: Way) throws {
      try contract(way).aGuestWithoutLaunchSecurityStarts()
    }

    @Test(arguments: Way.allCases) func `an undefined running guest is transient`(_ way: Way) throws {
      try contract(way).anUndefinedRunningGuestIsTransient()
    }

    @Test(arguments: Way.allCases) func `a reset ends a SEV-ES guest`(_ way: Way) throws {
      try contract(way).aResetEndsASEVESGuest()
      expectNoProcess()
    }
  }
}
