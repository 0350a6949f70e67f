import CLibvirt
import Testing

@testable import LibvirtBackend

@Suite("loading libvirt") struct LibraryTests {
  /// The loader's answer for `file`: nil where it loaded.
  private func problem(loading file: String) -> String? {
    let table = UnsafeMutablePointer<cvm_libvirt>.allocate(capacity: 1)
    defer { unsafe table.deallocate() }
    var text = [CChar](repeating: 0, count: 512)
    guard unsafe cvm_libvirt_open(file, table, &text, text.count) != 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  @Test func `a missing library is named`() throws {
    #expect(try #require(problem(loading: "libnowhere.so.0")).contains("libnowhere.so.0"))
  }

  @Test func `a library without libvirt's functions is named with the first that it lacks`() {
    #expect(
      problem(loading: "libc.so.6") == "libc.so.6 lacks virInitialize: libvirt 9.0 or later is needed")
  }

  @Test func `a file that is no library is refused`() throws {
    #expect(try #require(problem(loading: "/etc/passwd")).contains("/etc/passwd"))
  }

  @Test func `libvirt itself has every function, and is loaded once`() throws {
    #expect(problem(loading: "libvirt.so.0") == nil)
    let (first, second) = (try Library.load(), try Library.load())
    #expect(unsafe first.functions == second.functions)
  }

  @Test func `loading it ahead of time gets in nobody's way`() throws {
    LibvirtBackend.preload(for: "test:///default")
    LibvirtBackend.preload(for: "test:///default")
    #expect(try Connection(uri: "test:///default", readOnly: true).isAlive)
  }

  @Test func `an error is copied with its code, domain and text`() throws {
    let connection = try Connection(uri: "test:///default", readOnly: false)
    let error = try #require(throws: LibvirtError.self) { try Domain.named("nobody", connection) }
    guard case .libvirt(42, 12, nil) = error.kind else {
      Issue.record("\(error)")
      return
    }
    #expect(error.message.contains("Domain not found"))
  }

  @Test func `the system's reason comes with an error of the system`() throws {
    let error = try #require(throws: LibvirtError.self) {
      try Connection(uri: "qemu:///system?socket=/nonexistent/socket", readOnly: false)
    }
    guard case .libvirt(38, 7, 2) = error.kind else {  // VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ENOENT
      Issue.record("\(error)")
      return
    }
  }
}
