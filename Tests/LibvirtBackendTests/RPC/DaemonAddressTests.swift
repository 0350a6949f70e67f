import Foundation
import Testing

@testable import LibvirtBackend

@Suite("a daemon's sockets") struct DaemonAddressTests {
  private func address(
    _ uri: String, readOnly: Bool = false, root: Bool = false, runtime: String? = "/run/user/7"
  ) -> DaemonAddress? {
    var setting = ClientSetting(isRoot: root, variable: { _ in "/" }, content: { _ in .none })
    setting.isUsual = true
    setting.runtimeDirectory = runtime
    return DaemonAddress(ConnectionURI(uri), readOnly: readOnly, setting)
  }

  private static let system = ["/var/run/libvirt/virtqemud-sock", "/var/run/libvirt/libvirt-sock"]
  private static let session = ["/run/user/7/libvirt/virtqemud-sock", "/run/user/7/libvirt/libvirt-sock"]

  /// libvirt 9.0: remote_sockets.c, remoteGetUNIXSocket.
  @Test(arguments: [
    ("qemu:///system", false, false, system), ("qemu:///system", false, true, system),
    ("qemu:///system", true, false, system.map { $0 + "-ro" }), ("qemu+unix:///system", false, false, system),
    ("qemu:///session", false, false, session), ("qemu:///session", true, false, session),
    ("qemu+unix:///session", false, false, session), ("qemu:///session", false, true, system),
    ("qemu:///session", true, true, system.map { $0 + "-ro" }),
    ("qemu:///system?socket=/run/a_b-c.9/s", false, false, ["/run/a_b-c.9/s"]),
    ("qemu:///system?socket=/s", true, false, ["/s"]), ("qemu:///session?socket=/s", false, false, ["/s"]),
  ])
  func `are those of libvirt's client`(
    _ uri: String, _ readOnly: Bool, _ root: Bool, _ sockets: [String]
  ) throws {
    let found = try #require(address(uri, readOnly: readOnly, root: root))
    #expect(found.sockets == sockets)
    #expect(found.host == (uri.contains("session") ? "qemu:///session" : "qemu:///system"))
    #expect(found.readOnly == readOnly && found.uri == uri)
  }

  @Test(arguments: [
    "", "alias", "test:///default", "xen:///system", "QEMU:///system", "qemu:///", "qemu:///embed?root=/r",
    "qemu:///systems", "qemu:///system/", "qemu:///system#x", "qemu:system", "qemu:/system", "qemu://system",
    "qemu://host/system", "qemu://user@/system", "qemu+ssh://h/system", "qemu+tls:///system",
    "qemu+unix://h/system", "qemu+ext:///system?command=/x", "qemu:///system?", "qemu:///system?mode=legacy",
    "qemu:///system?no_tty=1", "qemu:///system?socket", "qemu:///system?socket=",
    "qemu:///system?socket=relative", "qemu:///system?Socket=/s", "qemu:///system?socket=/s&mode=direct",
    "qemu:///system?socket=/s;x", "qemu:///system?socket=/s%20t", "qemu:///system?socket=/s#f",
    "qemu:///system?socket=/s t", "qemu:///system?socket=/s+t", "qemu:///system?socket=/é",
    "qemu:///system?x=1&socket=/s", "qemu:///system?socket=/s?",
  ])
  func `are libvirt's business for other URIs`(_ uri: String) { #expect(address(uri) == nil) }

  @Test func `of a session take a runtime directory`() {
    #expect(address("qemu:///session", runtime: nil) == nil)
    #expect(address("qemu:///session", root: true, runtime: nil) != nil)
  }

  @Test func `are libvirt's business where its client was told something`() {
    let setting = ClientSetting(isRoot: true, variable: { _ in "1" }, content: { _ in .none })
    #expect(DaemonAddress(ConnectionURI("qemu:///system"), readOnly: false, setting) == nil)
  }

  @Test func `are taken in their order`() throws {
    let directory = "/tmp/cvm-\(UInt64.random(in: 0 ... .max))"
    let files = FileManager.default
    try files.createDirectory(atPath: directory + "/libvirt", withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: directory) }
    let address = try #require(self.address("qemu:///session", runtime: directory))
    #expect(address.socket() == nil)
    for socket in address.sockets.reversed() {
      #expect(files.createFile(atPath: socket, contents: nil))
      #expect(address.socket() == socket)
    }
  }
}
