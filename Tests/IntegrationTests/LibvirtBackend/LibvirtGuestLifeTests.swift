import CVMCore
import LibvirtBackend
import TestHarness
import Testing

extension Integration {
  @Suite("the backend on a private libvirtd") struct LibvirtGuestLifeTests {
    @Test func `launches a defined guest paused and leaves the definition untouched`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd)
      let changed = guest.xml.replacing(
        "<on_reboot>destroy</on_reboot>", with: "<on_reboot>restart</on_reboot>")
      let paused = try backend.startPaused(guest.uuid, xml: changed)
      #expect(try backend.guest(guest.uuid)?.state == .paused)
      #expect(try backend.guest(guest.uuid)?.reason == "user")
      #expect(try backend.guest(guest.uuid)?.id == paused.id)
      #expect(try backend.domainXML(guest.uuid, .live).contains("<on_reboot>restart"))
      #expect(try backend.domainXML(guest.uuid, .inactive) == guest.xml)
      #expect(try backend.launchSecurity(guest.uuid) == nil)
      try backend.resume(paused)
      #expect(try backend.guest(guest.uuid)?.state == .running)
      try backend.destroy(guest.uuid, graceful: false)
      #expect(try backend.guest(guest.uuid)?.state == .shutOff)
      #expect(try backend.domainXML(guest.uuid, .inactive) == guest.xml)
      #expect(libvirtd.guestProcesses().isEmpty)
    }

    @Test func `tells of an active guest what dominfo tells`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, readOnly: true)
      try BackendGuest.backend(libvirtd).start(guest.uuid, paused: true)
      let info = try backend.info(guest.uuid)
      #expect(info.state.state == .paused)
      #expect(info.osType == "hvm")
      #expect(info.maxMemory == 256 << 20)
      #expect(info.persistent && !info.autostart && !info.managedSave)
      #expect(try backend.guests(GuestFilter(inactive: false)).map(\.uuid) == [guest.uuid])
    }

    @Test func `describes the host as virsh does`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let backend = try BackendGuest.backend(libvirtd)
      let version = try backend.version()
      #expect(version.hypervisorType == "QEMU")
      let printed = try libvirtd.virsh.succeed("version", "--daemon").stdout
      for number in [version.library, version.daemon, version.hypervisor] {
        #expect(printed.contains(try #require(number)))
      }
      #expect(try backend.domainCapabilities(.init(virtType: "qemu")).contains("<domainCapabilities>"))
    }

    @Test func `a host without SEV says so`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let error = #expect(throws: BackendError.self) {
        _ = try BackendGuest.backend(libvirtd).sevPlatform()
      }
      guard case .unsupported? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    @Test func `a guest without launch security takes no launch secret`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd)
      try backend.start(guest.uuid, paused: true)
      let error = #expect(throws: BackendError.self) {
        let header = [UInt8](repeating: 0, count: 52)
        try backend.inject(header: header, payload: [1, 2, 3], address: 0x80_0000, into: guest.uuid)
      }
      guard case .unsupported? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    @Test func `an emulator that does not start is a failed launch and leaves nothing`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let script = """
        #!/bin/bash
        case " $* " in
          *" guest="*) echo "LAUNCH_START ret=1 fw_error=11 'Bad measurement'" >&2; exit 1 ;;
        esac
        exec /usr/bin/qemu-system-x86_64 "$@"
        """
      let emulator = try libvirtd.directory.write(script, to: "bin/refusing", mode: 0o755)
      let guest = try BackendGuest(libvirtd, emulator: emulator)
      let error = #expect(throws: BackendError.self) {
        let backend = try BackendGuest.backend(libvirtd)
        let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
        try backend.destroy(paused)
      }
      guard case .launchFailed(_, 11)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(try guest.state()?.state == .shutOff)
      #expect(libvirtd.guestProcesses().isEmpty)
    }
  }
}
