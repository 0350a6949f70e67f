import CVMCore
import LibvirtBackend
import TestHarness
import Testing

extension Integration {
  /// A local daemon is called without libvirt.so: what it says has to be what libvirt.so says.
  @Suite("calls without libvirt.so") struct DaemonCallTests {
    /// Two backends of one daemon: the second one goes over libvirt.so.
    private func backends(
      _ libvirtd: PrivateLibvirtd, readOnly: Bool = false
    ) throws -> (socket: LibvirtBackend, library: LibvirtBackend) {
      (
        try BackendGuest.backend(libvirtd, readOnly: readOnly),
        try BackendGuest.backend(libvirtd, by: .library, readOnly: readOnly)
      )
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
        try backend.capabilities(),
        "\(Result { try backend.domainCapabilities(.init(virtType: "qemu")) })",
        failure { _ = try backend.domainCapabilities(.init(architecture: "vax")) },
        failure { _ = try backend.sevPlatform() },
        failure { _ = try backend.launchSecurity(absent) },
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

    /// Acts that libvirt refuses, each by both.
    @Test(arguments: [false, true]) func `are refused as by libvirt.so`(_ readOnly: Bool) throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let (socket, library) = try backends(libvirtd, readOnly: readOnly)
      let absent = try #require(GuestUUID(rawValue: "00000000-0000-4000-8000-000000000001"))
      let acts: [(LibvirtBackend) throws -> Void] = [
        { _ = try $0.define(xml: "<domain/>") }, { _ = try $0.define(xml: "<domain\0/>") },
        { _ = try $0.define(xml: guest.xml.replacing("<name>web1", with: "<name>web2")) },
        { try $0.undefine(guest.uuid, UndefineOptions(removeNVRAM: true, keepNVRAM: true)) },
        { try $0.shutdown(guest.uuid) }, { try $0.reboot(guest.uuid) }, { try $0.reset(guest.uuid) },
        { try $0.suspend(guest.uuid) }, { try $0.resume(guest.uuid) },
        { try $0.destroy(guest.uuid, graceful: false) }, { try $0.start(absent, paused: true) },
        {
          let header = [UInt8](repeating: 0, count: 52)
          try $0.inject(header: header, payload: [1], address: nil, into: guest.uuid)
        },
      ]
      for (index, act) in acts.enumerated() {
        let (one, other) = (failure { try act(socket) }, failure { try act(library) })
        #expect(one == other && one != "none", "act \(index)")
      }
      #expect(!socket.usesLibrary)
    }

    /// A library that cannot be loaded stands in front of libvirt's.
    private func withoutLibrary(_ tool: Tool, in directory: ScratchDirectory) throws -> Tool {
      _ = try directory.makeDirectory("broken")
      try directory.write("", to: "broken/libvirt.so.0")
      var tool = tool
      tool.environment["LD_LIBRARY_PATH"] = directory.file("broken")
      return tool
    }

    @Test func `are what the reading commands do`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let cvmctl = try withoutLibrary(
        .cvmctl(libvirtd.uri, state: libvirtd.directory.file("state")), in: libvirtd.directory)
      #expect(try cvmctl.succeed("list", "--all").stdout.contains("web1"))
      #expect(try cvmctl.succeed("domstate", "web1").stdout == "shut off\n")
      #expect(try cvmctl.succeed("domuuid", "web1").stdout == "\(guest.uuid)\n")
      #expect(try cvmctl.succeed("domname", guest.uuid.rawValue).stdout == "web1\n")
      #expect(try cvmctl.succeed("domid", "web1").stdout == "-\n")
      #expect(try cvmctl.succeed("dominfo", "web1").stdout.contains("hvm"))
      #expect(try cvmctl.succeed("dumpxml", "web1").stdout.contains("<name>web1</name>"))
      #expect(try cvmctl.succeed("capabilities").stdout.contains("<capabilities>"))
      #expect(try cvmctl.succeed("domcapabilities").stdout.contains("<domainCapabilities>"))
      #expect(try cvmctl.run("version").stderr.contains("libvirt.so.0"))
    }

    @Test func `are what the acting commands do`() throws {
      let host = try CommandHost(.libvirt)
      try host.define(host.document("web1", policy: 3, words: GuestImage.stay))
      let cvmctl = try withoutLibrary(host.cvmctl, in: host.directory)
      try cvmctl.succeed("nodesevinfo")
      try cvmctl.succeed("start", "web1", "--allow-simulated")
      #expect(try host.record("web1").string("verdict") == "match")
      try cvmctl.succeed("domlaunchsecinfo", "web1")
      for verb in ["suspend", "resume", "reboot", "shutdown", "destroy"] {
        try cvmctl.succeed(verb, "web1")
      }
      try cvmctl.succeed("start", "web1", "--allow-simulated", "--paused")
      try cvmctl.succeed("destroy", "web1")
      try cvmctl.succeed("undefine", "web1")
      let file = try host.directory.write(
        host.document("web2", policy: 3).xml, to: "web2.xml")
      try cvmctl.succeed("define", file)
      #expect(try cvmctl.succeed("domstate", "web2").stdout == "shut off\n")
    }
  }
}
