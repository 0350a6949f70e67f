import Foundation
import Testing

@testable import LibvirtBackend

@Suite("what libvirt's client is told") struct ClientSettingTests {
  private func setting(
    root: Bool = false, _ variables: [String: String], files: [String: String] = [:]
  ) -> ClientSetting {
    ClientSetting(
      isRoot: root, variable: { variables[$0] },
      content: { files[$0].map { .bytes(Array($0.utf8)) } ?? .none })
  }

  private let home = ["HOME": "/home/u"]

  @Test func `is nothing, usually`() {
    #expect(setting(home).isUsual)
    #expect(setting(root: true, [:]).isUsual)
    #expect(setting(["HOME": "/home/u", "LIBVIRT_AUTOSTART": "0", "LIBVIRT_DEFAULT_URI": "x"]).isUsual)
  }

  @Test(arguments: [
    "LIBVIRT_DEBUG", "LIBVIRT_LOG_FILTERS", "LIBVIRT_LOG_OUTPUTS", "LIBVIRT_DIR_OVERRIDE",
    "LIBVIRT_AUTH_FILE",
  ])
  func `is told by the environment`(_ name: String) {
    #expect(!setting(home.merging([name: "1"]) { $1 }).isUsual)
  }

  private static let file = "uri_default = 'test:///default'"

  @Test(
    arguments: [
      (true, [:], "/etc/libvirt/libvirt.conf"),
      (false, ["HOME": "/home/u"], "/home/u/.config/libvirt/libvirt.conf"),
      (false, ["HOME": "/home/u", "XDG_CONFIG_HOME": "/c"], "/c/libvirt/libvirt.conf"),
    ] as [(Bool, [String: String], String)])
  func `is told by the one file that is read`(_ root: Bool, _ variables: [String: String], _ path: String) {
    #expect(!setting(root: root, variables, files: [path: Self.file]).isUsual)
    #expect(setting(root: root, variables, files: [path + "x": Self.file]).isUsual)
  }

  @Test func `is unknown without a home`() {
    #expect(!setting([:]).isUsual)
    #expect(!setting(["HOME": "relative"]).isUsual)
  }

  @Test(arguments: ["", "\n\n", "# uri_default = 'x'\n", "  \t# x\n#", "   \n"])
  func `is nothing in comments`(_ text: String) {
    #expect(ClientSetting.setsNothing(.bytes(Array(text.utf8))))
  }

  @Test(arguments: ["x = 1", "# x\n x = 1", "\u{C}x", "#\r\n\r\n"])
  func `is anything else in a file`(_ text: String) {
    #expect(!ClientSetting.setsNothing(.bytes(Array(text.utf8))))
  }

  @Test func `is unknown where the file cannot be read`() throws {
    #expect(!ClientSetting.setsNothing(.unreadable))
    #expect(ClientSetting.read("/nowhere/libvirt.conf") == .none)
    #expect(ClientSetting.read("/etc/passwd/libvirt.conf") == .none)
    #expect(ClientSetting.read("/tmp") == .unreadable)
    #expect(ClientSetting.read("/dev/zero") == .unreadable)
  }

  @Test func `is read from files as they are`() throws {
    let path = "/tmp/cvm-\(UInt64.random(in: 0 ... .max)).conf"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("# one\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(ClientSetting.read(path) == .bytes(Array("# one\n".utf8)))
  }

  @Test(arguments: [("/run/user/7", "/run/user/7"), ("relative", nil), (nil, nil)] as [(String?, String?)])
  func `includes where sockets are`(_ value: String?, _ expected: String?) {
    #expect(setting(value.map { ["XDG_RUNTIME_DIR": $0] } ?? [:]).runtimeDirectory == expected)
  }
}
