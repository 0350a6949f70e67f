import CVMCore
import Testing

@Suite("where a host is") struct HostURITests {
  @Test(arguments: [
    "qemu:///system", "qemu:///session", "qemu+unix:///system", "qemu+unix:///system?socket=/run/x",
    "test:///default",
    "sim:///", "sim:///web", "sim://host/", "", "qemu", "qemu:/system", "/run/libvirt", "xen:///",
  ])
  func `is here for a URI that names no other machine`(_ uri: String) { #expect(!HostURI.isRemote(uri)) }

  @Test(arguments: [
    "qemu+ssh://host/system", "qemu://host/system", "qemu+tls://host/system", "qemu+tcp://localhost/system",
    "qemu+ssh:///system", "qemu+libssh2://root@host:22/system", "qemu+ext:///system?command=/x",
    "qemu://host?x=y",
    "qemu+unix://host/system", "qemu://[::1]/system",
  ])
  func `is elsewhere for a URI that names a machine or a way to one`(_ uri: String) {
    #expect(HostURI.isRemote(uri))
  }

  @Test func `is in the record of a launch`() throws {
    for (uri, trust) in [
      ("qemu:///scripted", LaunchRecord.Trust.local), ("qemu+ssh://scripted/system", .remote),
    ] {
      let desk = try Desk(uri: uri)
      try desk.define("launch: {type: sev}")
      #expect(try desk.start().launch?.trust == trust)
    }
  }
}
