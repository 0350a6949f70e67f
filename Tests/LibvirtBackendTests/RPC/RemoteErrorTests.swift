import Bytes
import Testing

@testable import LibvirtBackend

@Suite("an error from a daemon") struct RemoteErrorTests {
  private func parsed(_ bytes: [UInt8]) throws(FormatError) -> LibvirtError {
    var reader = XDRReader(bytes, format: "error")
    return LibvirtError(try RemoteError(parsing: &reader))
  }

  @Test(arguments: [true, false]) func `is the error that libvirt tells`(_ full: Bool) throws {
    let error = try parsed(remoteError(55, 20, int1: 3, message: "not running", full: full))
    #expect(
      error == LibvirtError(kind: .libvirt(code: 55, domain: 20, errno: nil), message: "not running"))
  }

  @Test(arguments: [(38, 13, 13), (38, 0, nil), (38, -1, nil), (1, 13, nil)] as [(Int32, Int32, Int32?)])
  func `has an errno where the system failed`(_ code: Int32, _ int1: Int32, _ errno: Int32?) throws {
    let kind = LibvirtError.Kind.libvirt(code: Int(code), domain: 7, errno: errno)
    #expect(try parsed(remoteError(code, 7, int1: int1)).kind == kind)
  }

  @Test func `may give no reason`() throws {
    #expect(try parsed(remoteError(1, 7, message: nil)).message == "libvirt gave no reason")
  }

  @Test func `is read to its end, and no further`() {
    let bytes = remoteError(55, 20)
    for count in bytes.indices {
      #expect(throws: FormatError.self) { try parsed(Array(bytes.prefix(count))) }
    }
    #expect(throws: FormatError.self) { try parsed(bytes + [0, 0, 0, 0]) }
  }
}
