import Foundation
import TestHarness
import Testing

/// Files that are not what they are said to be: one line, the documented exit code, nothing changed, in bounded time and memory.
@Suite("hostile files") struct InputFileTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write("kernel\n", to: "kernel")
    // Bound to a state before the first command, so that what is compared is the command's own.
    try sandbox.succeed("list")
  }

  /// Makes a file of a kind; returns its path.
  private func make(_ kind: String) throws -> String {
    let path = sandbox.file(kind)
    switch kind {
    case "missing": break
    case "directory": _ = try sandbox.directory.makeDirectory(kind)
    case "fifo": try Tool("/usr/bin/mkfifo").succeed(path)
    case "empty": try sandbox.directory.write(Data(), to: kind)
    case "sparse":
      try sandbox.directory.write(Data(), to: kind)
      try Tool("/usr/bin/truncate").succeed("-s", "1T", path)
    case "device": return "/dev/zero"
    case "socket":
      try Tool("/usr/bin/python3").succeed(
        "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path)
    case "loop": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    case "long": return "/" + String(repeating: "a", count: 5000)
    default: throw HarnessError("no kind \(kind)")
    }
    return path
  }

  static let kinds: [(String, Refusal)] = [
    ("missing", .notFound), ("directory", .usage), ("fifo", .usage), ("sparse", .usage), ("device", .usage),
    ("socket", .failure), ("loop", .failure), ("long", .failure),
  ]

  @Test(arguments: kinds) func `as firmware of a guest`(_ kind: String, _ refusal: Refusal) throws {
    let path = try make(kind)
    try sandbox.define(GuestText("web1", firmware: path))
    let outcome = try sandbox.lean().run("start", "web1", "--no-progress")
    expect(outcome, is: refusal)
    #expect(outcome.wallTime < 5, "\(outcome)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test(arguments: kinds, ["--firmware", "--kernel", "--initrd"])
  func `as the owner's copy of what is measured`(_ file: (kind: String, refusal: Refusal), _ option: String)
    throws
  {
    try sandbox.define(
      GuestText("web1", firmware: try sandbox.firmware(), more: "kernel: \(sandbox.file("kernel"))"))
    let path = try make(file.kind)
    for words in [["start", "web1", "--no-progress"], ["measure", "--guest", "web1"]] {
      let outcome = try sandbox.lean().run(words + [option, path])
      expect(outcome, is: file.refusal)
      #expect(outcome.wallTime < 5, "\(outcome)")
    }
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test(arguments: kinds + [("empty", .usage)])
  func `as definition, certificate, session and packet`(_ kind: String, _ refusal: Refusal) throws {
    let path = try make(kind)
    let out = sandbox.file("out")
    let before = try sandbox.snapshot()
    for words in [
      ["define", path], ["create", path], ["measure", "--guest-file", path], ["define", "--dry-run", path],
      ["host", "certs", "verify", "--sev", path, "--ca", path],
      ["session", "create", "--pdh", path, "--policy", "0x3", "--out", out],
    ] {
      let outcome = try sandbox.lean().run(words + ["--no-progress"])
      expect(outcome, is: refusal)
      #expect(outcome.wallTime < 5, "\(outcome)")
    }
    #expect(try sandbox.snapshot() == before)
    #expect(!FileManager.default.fileExists(atPath: out + "_tik.bin"))
  }

  @Test func `as a file that its user may not read`() throws {
    guard geteuid() == 0 else { return }
    let path = try sandbox.directory.write("name: web1\n", to: "closed", mode: 0o600)
    let open = try sandbox.directory.makeDirectory("home")
    let tool = Tool(
      "/usr/bin/setpriv",
      [
        "--reuid=65534", "--regid=65534", "--clear-groups", Program.cvmctl, "--state-dir", "\(open)/state",
        "-c", "sim:///",
      ])
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open)
    // A parent that others can change is refused for state, so the state lies in a sticky one.
    try Tool("/bin/chmod").succeed("1777", open)
    expect(try tool.run("define", path), is: .permission)
    expect(
      try tool.run("measure", "--guest-file", path), is: .permission)
  }

  @Test func `a large kernel is hashed in little memory`() throws {
    let kernel = sandbox.file("large")
    try sandbox.directory.write(Data(), to: "large")
    try Tool("/usr/bin/truncate").succeed("-s", "300M", kernel)
    try sandbox.define(GuestText("web1", firmware: try sandbox.firmware(), more: "kernel: \(kernel)"))
    try sandbox.lean().succeed("measure", "--guest", "web1")
    try sandbox.lean().succeed("start", "web1", timeout: .seconds(120))
  }

  @Test func `firmware without SEV's tables is refused for SEV-ES, and not for a kernel measured`() throws {
    let bare = try sandbox.firmware(SmallFirmware(hasFooter: false), as: "bare.fd")
    try sandbox.define(GuestText("es1", launch: "{type: sev-es}", firmware: bare, more: "vcpus: 2"))
    try sandbox.refuses(.unsupported, "start", "es1")
    try sandbox.define(GuestText("k1", firmware: bare, more: "kernel: \(sandbox.file("kernel"))"))
    try sandbox.refuses(.unsupported, "start", "k1")
    #expect(try sandbox.list("list").isEmpty)
  }

  /// Every size field and every byte of the table, changed.
  @Test func `firmware with a damaged table gives a digest only where QEMU would start it`() throws {
    let whole = SmallFirmware().data
    try sandbox.define(
      GuestText("es1", launch: "{type: sev-es}", firmware: sandbox.file("x.fd"), more: "vcpus: 2"))
    for offset in stride(from: 0xFE0 - 92, to: 0xFE0, by: 5) {
      for value: UInt8 in [0x00, 0xFF] where whole[offset] != value {
        var image = whole
        image[offset] = value
        try sandbox.directory.write(image, to: "x.fd")
        let outcome = try sandbox.run("measure", "--guest", "es1")
        #expect([0, 2, 5].contains(outcome.status), "\(offset): \(outcome)")
        if outcome.status != 0 { expect(outcome, is: Refusal(rawValue: outcome.status) ?? .failure) }
      }
    }
  }

  @Test func `a path with a NUL or a newline opens nothing`() throws {
    for path in ["/tmp/a\nb", "/tmp/\u{1B}[31m", "/tmp/\u{202E}fd.lave"] {
      expect(try sandbox.run("define", path), is: .notFound)
      expect(try sandbox.run("measure", "--guest-file", path), is: .notFound)
    }
  }
}
