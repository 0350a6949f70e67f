import Testing

@testable import cvm_qemu

@Suite("QEMU's command line") struct QEMUArgumentsTests {
  @Test func `gives back what it was given, byte for byte`() {
    let odd: [[UInt8]] = [
      Array("-name".utf8), [0x67, 0xFF, 0xC3], Array("-S".utf8), [], Array("-".utf8), [0xFE],
    ]
    #expect(QEMUArguments(odd).arguments == odd)
  }

  @Test func `a value that looks like an option is a value`() {
    let line = QEMUArguments(texts: ["-append", "-object", "-S"])
    #expect(line.values(of: "append") == ["-object"])
    #expect(!line.contains("object"))
    #expect(line.contains("S"))
  }

  @Test func `two dashes are as good as one`() {
    #expect(QEMUArguments(texts: ["--bios", "x"]).last("bios") == "x")
  }

  @Test(arguments: [
    "S", "nographic", "daemonize", "no-shutdown", "nodefaults", "enable-kvm", "usb", "s", "version",
  ])
  func `an option without value takes none`(_ name: String) {
    let line = QEMUArguments(texts: ["-\(name)", "-m", "1"])
    #expect(line.contains(name))
    #expect(line.last("m") == "1")
  }

  @Test func `an operand is no option's value`() {
    let line = QEMUArguments(texts: ["disk.img", "-m", "1"])
    #expect(line.elements[0].name == nil)
    #expect(line.last("m") == "1")
  }

  @Test func `an option at the end may lack its value`() {
    let line = QEMUArguments(texts: ["-m"])
    #expect(line.last("m") == nil)
    #expect(line.arguments.count == 1)
  }

  @Test func `the last value wins`() {
    #expect(QEMUArguments(texts: ["-m", "1", "-m", "2"]).last("m") == "2")
  }
}
