import Foundation
import TestHarness
import Testing

/// The state directory, and what somebody may have done to it.
@Suite("the state directory") struct StateDirectoryTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.define(GuestText("web1"))
  }

  private func chmod(_ mode: Int, _ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private func mode(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
  }

  @Test func `is made for its owner alone, whatever the umask`() throws {
    let fresh = try Sandbox(hasHost: false)
    for umask in ["000", "077", "777"] {
      let state = fresh.file("state\(umask)")
      let file = try fresh.directory.write(GuestText("web1").yaml, to: "web1.yaml")
      let shell = Tool(
        "/bin/bash",
        [
          "-c", "umask \(umask); exec \"$0\" \"$@\"", Program.cvmctl, "--state-dir", state + "/deep", "-c",
          "sim:///",
        ])
      try shell.succeed("define", file)
      try shell.succeed("start", "web1")
      for name in try FileManager.default.subpathsOfDirectory(atPath: state) + [""] {
        #expect(try mode("\(state)/\(name)") & 0o077 == 0, "\(name)")
      }
    }
  }

  @Test(arguments: [0o755, 0o750, 0o705, 0o770, 0o701, 0o777])
  func `open to others is refused, with what to do`(
    _ mode: Int
  ) throws {
    try chmod(mode, sandbox.state)
    for words in [["list"], ["start", "web1"], ["launch", "history"]] {
      try sandbox.refuses(.permission, words)
    }
    let error = try sandbox.refuses(.permission, "policy", "list")
    #expect(error.string("hint")?.contains("chmod 700") == true, "\(error)")
    try chmod(0o700, sandbox.state)
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test func `under a parent that others can change is refused`() throws {
    let parent = try sandbox.directory.makeDirectory("open")
    try chmod(0o777, parent)
    let tool = sandbox.bare.with("--state-dir", parent + "/state", "-c", "sim:///")
    expect(try tool.run("list"), is: .permission)
    try chmod(0o1777, parent)
    try tool.succeed("list")
  }

  @Test func `replaced by a link, a file or a pipe is refused`() throws {
    let moved = sandbox.file("moved")
    try FileManager.default.moveItem(atPath: sandbox.state, toPath: moved)
    try FileManager.default.createSymbolicLink(atPath: sandbox.state, withDestinationPath: moved)
    try sandbox.refuses(.permission, "list")
    try sandbox.refuses(.permission, "list", "--state-dir", sandbox.state + "/")
    try FileManager.default.removeItem(atPath: sandbox.state)
    try sandbox.directory.write("", to: "state")
    try sandbox.refuses(.permission, "list")
    try FileManager.default.removeItem(atPath: sandbox.state)
    try Tool("/usr/bin/mkfifo").succeed(sandbox.state)
    let outcome = try sandbox.run("list")
    expect(outcome, is: .permission)
    #expect(outcome.wallTime < 5)
  }

  @Test func `of another user is refused`() throws {
    guard geteuid() == 0 else { return }
    try Tool("/bin/chown").succeed("65534", sandbox.state)
    try sandbox.refuses(.permission, "list")
    try Tool("/bin/chown").succeed("0", sandbox.state)
    try Tool("/bin/chown").succeed("65534", sandbox.state + "/state.db")
    try sandbox.refuses(.permission, "list")
  }

  static let files = ["state.db", "sim/default/host.db", "sim/default/platform/platform", "vault/root.key"]

  @Test(arguments: files) func `with a file that is a link, a pipe, a directory or open to others is refused`(
    _ name: String
  ) throws {
    try sandbox.succeed("start", "web1")
    try sandbox.succeed("destroy", "web1")
    let path = "\(sandbox.state)/\(name)"
    func refused(_ what: String) throws {
      let outcome = try sandbox.run("start", "web1", "--no-progress")
      #expect([8, 16].contains(outcome.status), "\(what): \(outcome)")
      #expect(outcome.wallTime < 10 && outcome.stdout.isEmpty, "\(what)")
    }
    try chmod(0o644, path)
    try refused("open")
    try chmod(0o600, path)
    let moved = sandbox.file("moved")
    try FileManager.default.moveItem(atPath: path, toPath: moved)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: moved)
    try refused("link")
    try FileManager.default.removeItem(atPath: path)
    try Tool("/usr/bin/mkfifo").succeed("-m", "600", path)
    try refused("pipe")
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try refused("directory")
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: moved, toPath: path)
    try sandbox.succeed("start", "web1")
  }

  @Test(arguments: files) func `with a file that was cut or overwritten is refused as damaged`(_ name: String)
    throws
  {
    try sandbox.succeed("start", "web1")
    try sandbox.succeed("destroy", "web1")
    let path = URL(fileURLWithPath: "\(sandbox.state)/\(name)")
    let whole = try Data(contentsOf: path)
    var zeroed = whole
    zeroed.resetBytes(in: 0..<min(4096, whole.count))
    for (what, bytes) in [
      ("empty", Data()), ("one byte", whole.prefix(1)), ("half", whole.prefix(whole.count / 2)),
      // Of the last page alone a part may be missing that nobody reads.
      ("a page and a byte less", whole.dropLast(4097)), ("zeros", Data(count: whole.count)),
      ("its first page zero", zeroed),
      ("text", Data("hello\n".utf8)),
    ] {
      try bytes.write(to: path)
      let outcome = try sandbox.run("start", "web1", "--no-progress")
      expect(outcome, is: .corrupt)
      #expect(outcome.stderr.contains(name.split(separator: "/").last!), "\(what): \(outcome.stderr)")
    }
    try whole.write(to: path)
    try sandbox.succeed("start", "web1")
  }

  @Test(arguments: files) func `with a flipped bit is refused, or the bit means nothing`(_ name: String)
    throws
  {
    try sandbox.succeed("start", "web1")
    try sandbox.succeed("destroy", "web1")
    let path = URL(fileURLWithPath: "\(sandbox.state)/\(name)")
    let whole = try Data(contentsOf: path)
    let record = try sandbox.succeed("launch", "show", "web1", "-o", "json").stdout
    let definition = try sandbox.succeed("dumpxml", "web1").stdout
    let step = max(1, whole.count / 30)
    for offset in stride(from: 0, to: whole.count, by: step) {
      var changed = whole
      changed[offset] ^= UInt8(1 << (offset % 8))
      try changed.write(to: path)
      let shown = try sandbox.run("launch", "show", "web1", "-o", "json")
      let dumped = try sandbox.run("dumpxml", "web1")
      for outcome in [shown, dumped] {
        #expect([0, 5, 16].contains(outcome.status), "\(offset): \(outcome)")
        expectPlain(outcome)
      }
      #expect(shown.status != 0 || shown.stdout == record, "\(offset): a changed record")
      #expect(dumped.status != 0 || dumped.stdout == definition, "\(offset): a changed definition")
    }
    try whole.write(to: path)
    #expect(try sandbox.succeed("launch", "show", "web1", "-o", "json").stdout == record)
  }

  @Test func `without its root key is locked, and no new key is made in its place`() throws {
    try sandbox.succeed("start", "web1", "--paused")
    let path = sandbox.state + "/vault/root.key"
    try FileManager.default.moveItem(atPath: path, toPath: sandbox.file("root.key"))
    let error = try sandbox.refuses(.vaultLocked, "launch", "verify", "web1")
    #expect(error.string("hint")?.contains("backup") == true)
    try sandbox.succeed("destroy", "web1")
    try sandbox.refuses(.vaultLocked, "start", "web1")
    #expect(!FileManager.default.fileExists(atPath: path))
    try FileManager.default.moveItem(atPath: sandbox.file("root.key"), toPath: path)
    try sandbox.succeed("start", "web1")
  }

  @Test func `with another root key opens nothing`() throws {
    try sandbox.succeed("start", "web1", "--paused")
    let other = try Sandbox()
    try other.define(GuestText("web1"))
    try other.succeed("start", "web1")
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    try FileManager.default.copyItem(
      atPath: other.state + "/vault/root.key", toPath: sandbox.state + "/vault/root.key")
    try sandbox.refuses(.corrupt, "launch", "verify", "web1")
  }

  /// A directory that lets nothing be written: cvmctl as a user whom it does not belong to cannot; here the kernel fails the
  /// writes of the store.
  @Test(arguments: ["ENOSPC", "EROFS", "EIO", "EDQUOT"])
  func `that takes no record lets nothing be done`(_ problem: String) throws {
    try sandbox.succeed("list")
    let file = try sandbox.directory.write(GuestText("web2").yaml, to: "web2.yaml")
    for words in [
      ["start", "web1"], ["define", file], ["undefine", "web1"],
      ["policy", "create", "p", "0x3", "--type", "sev"],
    ] {
      let outcome = try Tool("/usr/bin/strace").run(
        [
          "-f", "-o", "/dev/null", "-P", sandbox.state + "/state.db-wal", "-e", "trace=pwrite64", "-e",
          "inject=pwrite64:error=\(problem)", Program.cvmctl,
        ]
          + sandbox.cvmctl.arguments + words + ["--no-progress"], timeout: .seconds(60))
      expect(outcome, is: .auditUnavailable)
    }
    #expect(try sandbox.list("list", "--all").map { $0.string("name") } == ["web1"])
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    #expect(try sandbox.list("policy", "list").count == 6)
    try sandbox.succeed("start", "web1")
  }

  @Test func `on a full disk lets nothing be done, and goes on when there is room`() throws {
    guard geteuid() == 0 else { return }
    let script = """
      set -e
      mount -t tmpfs -o size=1m,mode=0755 none "$1"
      cp -a "$2" "$1/state"
      dd if=/dev/zero of="$1/filler" bs=4096 2>/dev/null || true
      for i in 1 2 3; do echo x >>"$1/filler" 2>/dev/null || true; done
      set +e
      "$3" --state-dir "$1/state" -c sim:/// --no-progress start web1; echo "start $?"
      "$3" --state-dir "$1/state" -c sim:/// define "$4"; echo "define $?"
      rm "$1/filler"
      "$3" --state-dir "$1/state" -c sim:/// domstate web1
      "$3" --state-dir "$1/state" -c sim:/// list --all -o name
      "$3" --state-dir "$1/state" -c sim:/// define "$4"; echo "define $?"
      umount "$1"
      """
    let mount = try sandbox.directory.makeDirectory("mount")
    let file = try sandbox.directory.write(GuestText("web2").yaml, to: "web2.yaml")
    let outcome = try Tool("/usr/bin/unshare").run(
      "--mount", "/bin/bash", "-c", script, "bash", mount, sandbox.state, Program.cvmctl, file)
    #expect(
      outcome.stdout == "start 14\ndefine 14\nshut off\nweb1\nGuest 'web2' defined\ndefine 0\n", "\(outcome)")
  }

  @Test func `on a file system that is read-only can be looked at, and nothing is done`() throws {
    guard geteuid() == 0 else { return }
    let script = """
      mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
      "$2" --state-dir "$1" -c sim:/// --no-progress start web1; echo "start $?"
      "$2" --state-dir "$1" -c sim:/// policy create p 0x3 --type sev; echo "policy $?"
      umount "$1"
      """
    let outcome = try Tool("/usr/bin/unshare").run(
      "--mount", "/bin/bash", "-c", script, "bash", sandbox.state, Program.cvmctl)
    #expect(outcome.stdout == "start 14\npolicy 14\n", "\(outcome)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }
}
