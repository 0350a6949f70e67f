import SEV
import Testing

@testable import cvm_qemu

@Suite("cvm-qemu.conf") struct ConfigurationTests {
  private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration(parsing: text, file: "f")
  }

  @Test func `reads all keys, comments and blanks`() throws {
    let found = try parse("# where\n\n emulator=/usr/bin/q = u\r\nplatform =\t/p q \ngeneration = init2")
    #expect(found == Configuration(emulator: "/usr/bin/q = u", platform: "/p q", generation: .init2))
  }

  @Test func `the VMSA is the old one unless told otherwise`() throws {
    #expect(try parse("emulator = /q\nplatform = /p\n").generation == .initial)
  }

  @Test(
    arguments: [
      ("", .missingKey(file: "f", key: "emulator")),
      ("emulator = /q", .missingKey(file: "f", key: "platform")),
      ("emulator = q\nplatform = /p", .badValue(file: "f", key: "emulator", expected: "an absolute path")),
      ("emulator = /q\nplatform =", .badValue(file: "f", key: "platform", expected: "an absolute path")),
      ("emulator = /q\nemulator = /r", .twice(file: "f", line: 2, key: "emulator")),
      ("emulator = /q\nqemu = /r", .unknownKey(file: "f", line: 2, key: "qemu")),
      ("emulator /q", .noAssignment(file: "f", line: 1)),
      (
        "emulator = /q\nplatform = /p\ngeneration = third",
        .badValue(file: "f", key: "generation", expected: "init or init2")
      ),
    ] as [(String, ConfigurationError)])
  func `refuses everything else`(_ text: String, _ error: ConfigurationError) {
    #expect(throws: error) { try parse(text) }
  }

  @Test func `is looked for beside the program as called, then beside the file that runs`() {
    #expect(
      ConfigurationFile.candidates(calledAs: "/a/qemu-system-x86_64", program: "/b/cvm-qemu")
        == ["/a/cvm-qemu.conf", "/b/cvm-qemu.conf"])
    #expect(ConfigurationFile.candidates(calledAs: "./q", program: "/b/q") == ["/b/cvm-qemu.conf"])
    #expect(ConfigurationFile.candidates(calledAs: "/b/q", program: "/b/q") == ["/b/cvm-qemu.conf"])
    #expect(ConfigurationFile.candidates(calledAs: "/q", program: nil) == ["/cvm-qemu.conf"])
  }

  @Test func `an absent file names the places`() {
    #expect(throws: ConfigurationError.self) { try ConfigurationFile.load(calledAs: "/nonexistent/q") }
    #expect(
      ConfigurationError.absent(tried: ["/a", "/b"]).summary == "no configuration: looked for /a and /b")
  }
}
