import CVMCore
import LibvirtBackend
import TestHarness
import Testing

extension Integration {
  /// Reads go to a local daemon without libvirt.so: they have to say what libvirt.so says.
  @Suite("reads without libvirt.so") struct DaemonReadTests {
    /// Two backends of one daemon: the second one goes over libvirt.so.
    private func backends(
      _ libvirtd: PrivateLibvirtd, readOnly: Bool = false
    ) throws -> (socket: LibvirtBackend, library: LibvirtBackend) {
      let socket = try BackendGuest.backend(libvirtd, readOnly: readOnly)
      let library = try BackendGuest.backend(libvirtd, readOnly: readOnly)
      _ = try library.version()
      #expect(!socket.usesLibrary && library.usesLibrary)
      return (socket, library)
    }

    /// What a backend says of everything that can be read.
    private func answers(_ backend: LibvirtBackend, _ guest: BackendGuest) throws -> [String] {
      let absent = try #require(GuestUUID(rawValue: "00000000-0000-4000-8000-000000000001"))
      let state = try backend.guest(guest.uuid)
      var info = try backend.info(guest.uuid)
      info.cpuTime = 0
      return [
        "\(try backend.guests(GuestFilter()))", "\(try backend.guests(GuestFilter(active: false)))",
        "\(try backend.guests(GuestFilter(inactive: false)))", "\(String(describing: state))",
        "\(String(describing: try backend.guest(named: "web1")))",
        "\(String(describing: try backend.guest(named: "web2")))",
        "\(String(describing: try backend.guest(id: state?.id ?? 4711)))",
        "\(String(describing: try backend.guest(absent)))", "\(info)",
        try backend.domainXML(guest.uuid, .inactive), try backend.hostname(), try backend.canonicalURI(),
        failure { _ = try backend.domainXML(absent, .live) }, failure { _ = try backend.info(absent) },
        failure { _ = try backend.guest(named: "a\0b") }, failure { _ = try backend.guest(named: "") },
      ]
    }

    private func failure(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "none"
    }

    @Test(arguments: [false, true]) func `answer as libvirt.so does`(_ readOnly: Bool) throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let (socket, library) = try backends(libvirtd, readOnly: readOnly)
      let actor = try BackendGuest.backend(libvirtd)
      for act in [
        {}, { try actor.start(guest.uuid, paused: true) }, { try actor.resume(guest.uuid) },
        { try actor.destroy(guest.uuid, graceful: false) },
      ] as [() throws -> Void] {
        try act()
        #expect(try answers(socket, guest) == answers(library, guest))
        #expect(try socket.domainXML(guest.uuid, .live) == library.domainXML(guest.uuid, .live))
      }
      #expect(!socket.usesLibrary)
    }

    @Test func `outlive the daemon, and end with it`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 5)
      libvirtd.killDaemon()
      try libvirtd.startDaemon()
      #expect(try backend.guests(GuestFilter()).map(\.uuid) == [guest.uuid])
      #expect(!backend.usesLibrary)
      libvirtd.killDaemon()
      let error = #expect(throws: BackendError.self) { try backend.guests(GuestFilter()) }
      guard case .unreachable? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    @Test func `leave the daemon's log as it was`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let log = libvirtd.text("libvirtd.log")
      for _ in 1...20 { #expect(try BackendGuest.backend(libvirtd).guest(guest.uuid) != nil) }
      #expect(libvirtd.text("libvirtd.log") == log)
    }

    /// A library that cannot be loaded stands in front of libvirt's.
    @Test func `are what the reading commands do`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      _ = try libvirtd.directory.makeDirectory("broken")
      try libvirtd.directory.write("", to: "broken/libvirt.so.0")
      var cvmctl = Tool.cvmctl(libvirtd.uri, state: libvirtd.directory.file("state"))
      cvmctl.environment["LD_LIBRARY_PATH"] = libvirtd.directory.file("broken")
      #expect(try cvmctl.succeed("list", "--all").stdout.contains("web1"))
      #expect(try cvmctl.succeed("domstate", "web1").stdout == "shut off\n")
      #expect(try cvmctl.succeed("domuuid", "web1").stdout == "\(guest.uuid)\n")
      #expect(try cvmctl.succeed("domname", guest.uuid.rawValue).stdout == "web1\n")
      #expect(try cvmctl.succeed("domid", "web1").stdout == "-\n")
      #expect(try cvmctl.succeed("dominfo", "web1").stdout.contains("hvm"))
      #expect(try cvmctl.succeed("dumpxml", "web1").stdout.contains("<name>web1</name>"))
      #expect(try cvmctl.run("version").stderr.contains("libvirt.so.0"))
    }
  }
}
