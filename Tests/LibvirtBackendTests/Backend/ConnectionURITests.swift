import Testing

@testable import LibvirtBackend

@Suite("libvirt URIs") struct ConnectionURITests {
  @Test(arguments: [
    ("qemu+tcp://h/system", true), ("QEMU+Tcp:///system", true), ("test+tcp://h/default", true),
    ("qemu:///system", false), ("qemu+tls://h/system", false), ("qemu+ssh://h/system", false),
    ("qemu:///system?x=+tcp://", false), ("", false), ("alias", false),
  ])
  func `only +tcp is unencrypted`(_ text: String, _ expected: Bool) {
    #expect(ConnectionURI(text).isUnencrypted == expected)
  }

  @Test(arguments: [
    ("qemu:///system", false), ("qemu:///system?socket=/run/x", false), ("qemu+unix:///system", false),
    ("test:///default", false), ("", false), ("qemu://host/system", true),
    ("qemu+ssh://u@host/system", true), ("qemu+libssh2://h/system", true), ("qemu+ssh:///system", true),
    ("qemu+ext:///system?command=/bin/x", true), ("alias", true),
  ])
  func `a host or a transport makes it remote`(_ text: String, _ expected: Bool) {
    #expect(ConnectionURI(text).isRemote == expected)
  }

  @Test(arguments: [
    ("qemu+ssh://h/system", "qemu+ssh://h/system?no_tty=1"),
    ("qemu+ssh://h/system?keyfile=/k", "qemu+ssh://h/system?keyfile=/k&no_tty=1"),
    ("qemu+ssh://h/system?no_tty=0", "qemu+ssh://h/system?no_tty=0"),
    ("qemu+ssh://h/system?a=b;no_tty=1", "qemu+ssh://h/system?a=b;no_tty=1"),
    ("qemu+ssh://h/system?xno_tty=1", "qemu+ssh://h/system?xno_tty=1&no_tty=1"),
    ("qemu+ssh://h/system#f", "qemu+ssh://h/system?no_tty=1#f"),
    ("qemu+tls://h/system", "qemu+tls://h/system"), ("qemu:///system", "qemu:///system"), ("", ""),
  ])
  func `ssh does not ask for passwords unless told to`(_ text: String, _ expected: String) {
    #expect(ConnectionURI(text).forLibvirt == expected)
  }
}
