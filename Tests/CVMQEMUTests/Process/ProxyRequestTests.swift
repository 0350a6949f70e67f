import Bytes
import SEV
import Testing

@testable import cvm_qemu

@Suite("Request to the proxy") struct ProxyRequestTests {
  private let request = ProxyRequest(
    configuration: Configuration(emulator: "/q", platform: "/ü", generation: .init2), ownSocket: "/s",
    arguments: [Array("-S".utf8), [0xFF, 0x0A], []])

  @Test func `comes back as it went`() throws {
    #expect(try ProxyRequest(parsing: request.serialized) == request)
  }

  @Test func `no part of it is taken for the whole`() {
    let bytes = request.serialized
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try ProxyRequest(parsing: Array(bytes[..<count])) }
    }
    #expect(throws: FormatError.self) { try ProxyRequest(parsing: bytes + [0]) }
  }

  @Test func `an unknown generation and an impossible count are refused`() {
    var bytes = request.serialized
    let position = bytes.count - (4 + 2 + 4 + 2 + 4)  // the arguments
    bytes.replaceSubrange((position - 4)..<position, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: FormatError.self) { try ProxyRequest(parsing: bytes) }
  }
}

@Suite("Roles") struct RoleTests {
  @Test func `name what is simulated`() {
    #expect(Role.proxy(guest: "web1").arguments == ["cvm-qemu", "--proxy", "(simulated AMD-SP)", "web1"])
  }

  @Test func `are read from what they write`() {
    for role in [Role.emulator, .detach(guest: "a"), .proxy(guest: "b")] {
      #expect(Role(role.arguments) == role)
    }
  }

  @Test(arguments: [
    ["q", "--version"], ["q", "--proxy", "x", "y"], ["q"], [], ["q", "--other", "(simulated AMD-SP)", "y"],
  ])
  func `anything else is an emulator's command line`(_ arguments: [String]) {
    #expect(Role(arguments) == .emulator)
  }

  @Test func `a name that a terminal would act on is not shown`() {
    #expect(Role.shown("web1") == "web1")
    #expect(Role.shown("\u{1b}[2J a\nb") == "[2Jab")
    #expect(Role.shown("\n") == "guest")
    #expect(Role.shown(String(repeating: "x", count: 100)).count == 64)
  }
}
