import Bytes
import Testing

@testable import LibvirtBackend

@Suite("libvirt's messages") struct MessageTests {
  /// What virsh 9.0 sends for `qemu:///system`, read with strace.
  @Test func `a call is what libvirt's client sends`() {
    #expect(
      Message.call(.authList, serial: 0, XDRWriter())
        == Hex.decode("0000001c200080860000000100000042000000000000000000000000"))
    var arguments = XDRWriter()
    arguments.unsigned(1)
    arguments.string("qemu:///system")
    arguments.unsigned(0)
    #expect(
      Message.call(.connectOpen, serial: 2, arguments)
        == Hex.decode(
          "00000038200080860000000100000001000000000000000200000000"
            + "000000010000000e71656d753a2f2f2f73797374656d000000000000"))
  }

  @Test(arguments: [(28, 24), (29, 25), (33_554_432, 33_554_428)])
  func `a length counts its own word`(_ length: UInt32, _ size: Int) throws {
    #expect(try Message.bodySize(after: xdr { $0.unsigned(length) }) == size)
  }

  @Test(arguments: [0, 3, 4, 27, 33_554_433, 0x7FFF_FFFF, 0x8000_0000, .max])
  func `a length outside of the limits is refused`(_ length: UInt32) {
    #expect(throws: FormatError.self) { try Message.bodySize(after: xdr { $0.unsigned(length) }) }
  }

  private let call = FakeDaemon.Call(connection: 1, procedure: 59, serial: 4, arguments: [])

  private func payload(_ message: [UInt8]) throws(FormatError) -> Message.Payload {
    try Message.payload(of: Array(message.dropFirst(4)), replyingTo: .connectGetHostname, serial: 4)
  }

  @Test func `a result begins behind the header`() throws {
    guard case .result(var reader) = try payload(FakeDaemon.reply(call, xdr { $0.string("vm") })) else {
      Issue.record("no result")
      return
    }
    #expect(try reader.string(limit: 2) == "vm")
  }

  @Test func `an error is one`() throws {
    guard case .error(let error) = try payload(FakeDaemon.reply(call, status: 1, remoteError(42, 10))) else {
      Issue.record("no error")
      return
    }
    #expect(error.code == 42 && error.domain == 10 && error.message == "why")
  }

  /// Program, version, procedure, type, serial, status.
  @Test(
    arguments: [
      (0, [0x2000_8087, 0x6B65_6570]), (1, [0, 2]), (2, [60]), (3, [0, 2, 3, 5]), (4, [3, 5]),
      (5, [2, .max]),
    ] as [(Int, [UInt32])])
  func `a header that is not that of the reply is refused`(_ index: Int, _ values: [UInt32]) {
    for value in values {
      let message = FakeDaemon.reply(call, xdr { $0.string("vm") }, words: [index: value])
      #expect(throws: FormatError.self, "word \(index) \(value)") { try payload(message) }
    }
  }
}
