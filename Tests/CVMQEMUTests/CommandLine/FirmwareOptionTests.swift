import Testing

@testable import cvm_qemu

@Suite("Firmware of a command line") struct FirmwareOptionTests {
  private func file(_ arguments: [String], machine: String = "") throws -> String {
    let line = QEMUArguments(texts: ["-machine", "q35,confidential-guest-support=s\(machine)"] + arguments)
    return try FirmwareOption.file(line, machine: MachineOption(line, protectedBy: "s"))
  }

  @Test func `is what -bios names`() throws { #expect(try file(["-bios", "/o.fd"]) == "/o.fd") }

  @Test func `is the file behind pflash0, over a format node`() throws {
    let nodes = [
      "-blockdev", #"{"driver":"file","filename":"/o.fd","node-name":"s"}"#,
      "-blockdev", #"{"driver":"raw","file":"s","node-name":"f"}"#, "-bios", "/other.fd",
    ]
    #expect(try file(nodes, machine: ",pflash0=f") == "/o.fd")
  }

  @Test func `is the file inside a nested node`() throws {
    let json = [
      "-blockdev", #"{"driver":"raw","node-name":"f","file":{"driver":"file","filename":"/o.fd"}}"#,
    ]
    #expect(try file(json, machine: ",pflash0=f") == "/o.fd")
    let dotted = ["-blockdev", "raw,node-name=f,file.driver=file,file.filename=/o.fd"]
    #expect(try file(dotted, machine: ",pflash0=f") == "/o.fd")
  }

  @Test func `is the drive of pflash unit 0`() throws {
    let drives = [
      "-drive", "if=pflash,unit=1,file=/vars.fd,format=raw", "-drive", "if=pflash,unit=0,file=/o.fd",
    ]
    #expect(try file(drives) == "/o.fd")
    #expect(try file(["-pflash", "/o.fd"]) == "/o.fd")
  }

  @Test(
    arguments: [
      ([], "", .noFirmware), ([], ",pflash0=f", .noBlockNode("f")),
      (["-blockdev", "qcow2,node-name=f,file=g"], ",pflash0=f", .firmwareNotRaw),
      (["-blockdev", "raw,node-name=f,file=g"], ",pflash0=f", .noBlockNode("g")),
      (["-blockdev", "raw,node-name=f,file=f"], ",pflash0=f", .firmwareNotRaw),
      (["-blockdev", "raw,node-name=f,file=f,offset=4096"], ",pflash0=f", .firmwareNotRaw),
      (["-drive", "if=pflash,file=/o.qcow2,format=qcow2"], "", .firmwareNotRaw),
    ] as [([String], String, LaunchRefusal)])
  func `refuses what is not one raw file`(_ arguments: [String], _ machine: String, _ refusal: LaunchRefusal)
  {
    #expect(throws: refusal) { try file(arguments, machine: machine) }
  }
}
