import Foundation
import TestHarness
import Testing

/// A secret that can be told from everything else, looked for wherever a command writes.
@Suite("secrets stay where they belong") struct SecretLeakTests {
  let sandbox: Sandbox
  let canary: String

  init() throws {
    sandbox = try Sandbox()
    canary =
      "CANARY" + (0..<26).map { _ in String("abcdefghijkmnpqrstuvwxyz23456789".randomElement()!) }.joined()
    try sandbox.define(GuestText("web1", launch: "{type: sev-es}", firmware: try sandbox.firmware()))
    try sandbox.directory.write(canary, to: "secret", mode: 0o600)
  }

  /// The forms in which bytes could have been written.
  private func forms(_ bytes: Data) -> [Data] {
    let hex = bytes.map { String(format: "%02x", $0) }.joined()
    let base64 = (0..<3).map { shift in
      // Wherever a base64 text begins, one of these three is in it.
      Data(bytes.dropFirst(shift).prefix((bytes.count - shift) / 3 * 3)).base64EncodedString()
    }
    return [bytes, Data(bytes.reversed()), Data(hex.utf8), Data(hex.uppercased().utf8)]
      + base64.map { Data($0.utf8) }
  }

  private func filesHolding(_ bytes: Data, except prefix: String? = nil) throws -> [String] {
    let forms = forms(bytes)
    return try FileManager.default.subpathsOfDirectory(atPath: sandbox.state).filter { name in
      if let prefix, name.hasPrefix(prefix) { return false }
      let path = "\(sandbox.state)/\(name)"
      let facts = try FileManager.default.attributesOfItem(atPath: path)
      guard facts[.type] as? FileAttributeType == .typeRegular else { return false }
      // A guest's memory has gigabytes of holes: read by its allocated pieces.
      let data =
        (facts[.size] as? Int ?? 0) <= 16 << 20
        ? try Data(contentsOf: URL(fileURLWithPath: path)) : try allocated(path)
      return forms.contains { data.range(of: $0) != nil }
    }
  }

  private func allocated(_ path: String) throws -> Data {
    let script = """
      import os, sys
      file = os.open(sys.argv[1], os.O_RDONLY)
      end, place = os.fstat(file).st_size, 0
      while place < end:
          try: start = os.lseek(file, place, os.SEEK_DATA)
          except OSError: break
          place = os.lseek(file, start, os.SEEK_HOLE)
          os.lseek(file, start, os.SEEK_SET)
          sys.stdout.buffer.write(os.read(file, place - start).hex().encode())
      """
    let outcome = try Tool("/usr/bin/python3").succeed("-c", script, path)
    return Data(outcome.stdout.hexBytes)
  }

  /// Runs cvmctl under strace; returns what it did, every string in hexadecimal.
  private func traced(_ words: String...) throws -> (outcome: Outcome, calls: String) { try traced(words) }

  private func traced(_ words: [String]) throws -> (outcome: Outcome, calls: String) {
    let trace = sandbox.file("trace")
    let calls =
      "trace=execve,write,pwrite64,writev,pwritev,sendto,sendmsg,sendmmsg,rename,renameat,renameat2,open,openat,symlink,mkdir,prctl"
    let outcome = try Tool("/usr/bin/strace").run(
      [
        "-f", "-xx", "-s", "70000", "-e", calls, "-o", trace, Program.cvmctl, "--state-dir", sandbox.state,
        "-c", "sim:///",
      ] + words,
      timeout: .seconds(120))
    return (outcome, try String(contentsOfFile: trace, encoding: .utf8))
  }

  private func escaped(_ bytes: Data) -> String { bytes.map { String(format: "\\x%02x", $0) }.joined() }

  @Test func `a launch secret is in no file, no argument and no output`() throws {
    let (outcome, calls) = try traced("start", "web1", "--secret", "luks-key=@\(sandbox.file("secret"))")
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(calls.contains("execve("))
    for form in forms(Data(canary.utf8)) {
      #expect(!calls.contains(escaped(form)), "written: \(String(decoding: form, as: UTF8.self))")
      #expect(!outcome.stdout.contains(String(decoding: form, as: UTF8.self)))
      #expect(!outcome.stderr.contains(String(decoding: form, as: UTF8.self)))
    }
    #expect(try filesHolding(Data(canary.utf8)).isEmpty)
    // The search can find: the guest sees it, and the file that held it has it.
    let page = try sandbox.object(
      "sim", "memory", "web1", "--view", "guest", "--address", "0x80d000", "--count", "96")
    let hex = canary.utf8.map { String(format: "%02x", $0) }.joined()
    #expect(page.string("bytes")?.contains(hex) == true)
    try FileManager.default.copyItem(atPath: sandbox.file("secret"), toPath: sandbox.state + "/planted")
    #expect(try filesHolding(Data(canary.utf8)) == ["planted"])
  }

  @Test func `transport keys are in the store only wrapped, and in no output`() throws {
    let session = sandbox.file("s")
    try sandbox.succeed("session", "create", "--host", "sim:///", "--policy", "0x7", "--out", session)
    let (outcome, calls) = try traced("-o", "json", "start", "web1", "--session", session, "--paused")
    #expect(outcome.status == 0, "\(outcome.stderr)")
    for name in ["_tek.bin", "_tik.bin"] {
      let key = try Data(contentsOf: URL(fileURLWithPath: session + name))
      // The simulated AMD-SP keeps its own guests' keys, as a chip does inside.
      #expect(try filesHolding(key, except: "sim/").isEmpty)
      let told = outcome.stdout + outcome.stderr
      for form in forms(key).dropFirst(2) { #expect(!told.contains(String(decoding: form, as: UTF8.self))) }
      for line in calls.split(separator: "\n") where line.contains(escaped(key)) {
        #expect(!line.contains("execve(") && line.contains("write"), "\(line.prefix(100))")
      }
    }
    try sandbox.succeed("launch", "verify", "web1")
    try sandbox.succeed("resume", "web1")
    for words in [
      ["launch", "show", "web1"], ["launch", "show", "web1", "-o", "json"], ["session", "show", session],
    ] {
      let told = try sandbox.cvmctl.succeed(words).stdout
      for name in ["_tek.bin", "_tik.bin"] {
        let key = try Data(contentsOf: URL(fileURLWithPath: session + name))
        for form in forms(key).dropFirst(2) { #expect(!told.contains(String(decoding: form, as: UTF8.self))) }
      }
    }
  }

  /// Each command that reads, makes or hands on a key, with the one descriptor or file where its bytes may be.
  @Test func `a key is written where it was asked for, and by every command nowhere else`() throws {
    let key = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    try sandbox.directory.write(key, to: "key", mode: 0o600)
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("owner"))
    let seed = try Data(contentsOf: URL(fileURLWithPath: sandbox.file("owner.key"))).dropFirst(8).prefix(32)
    let (owner, identity) = (sandbox.file("owner.pub"), sandbox.file("owner.key"))
    try sandbox.succeed("tenant", "create", "held", "--hold-your-own-key", owner)
    let commands: [(words: [String], plain: Bool)] = [
      (["key", "import", "a", sandbox.file("key"), "--algorithm", "aes-256"], false),
      (["key", "import", "sign", sandbox.file("key"), "--algorithm", "ed25519"], false),
      (["-t", "held", "key", "import", "a", sandbox.file("key")], false),
      (["key", "show", "a"], false), (["key", "list", "-o", "json"], false),
      (["key", "wrap", "a", "--in", sandbox.file("key"), "--out", sandbox.file("wrapped")], false),
      (["key", "unwrap", "a", "--in", sandbox.file("wrapped"), "--out", sandbox.file("unwrapped")], true),
      (["key", "export", "a", "--recipient", owner, "--out", sandbox.file("sealed")], false),
      (["key", "export", "sign", "--public", "--out", sandbox.file("public")], false),
      (["-t", "held", "key", "export", "a", "--sealed", "--out", sandbox.file("held")], false),
      (["key", "export", "a", "--plaintext", "--out", sandbox.file("plain")], true),
      (
        ["key", "open", sandbox.file("sealed"), "--identity", identity, "--out", sandbox.file("opened")], true
      ),
      (["key", "open", sandbox.file("held"), "--identity", identity, "--out", sandbox.file("theirs")], true),
      (["key", "destroy", "a"], false),
      (["tenant", "create", "other"], false),
      (["-t", "other", "key", "import", "a", sandbox.file("sealed"), "--identity", identity], false),
      (["key", "rotate", "sign", "--from", sandbox.file("key")], false),
      (["key", "rotate", "--kek"], false), (["key", "migrate", "--to", "x-wing"], false),
      (["key", "escrow", "--recipient", owner, "--out", sandbox.file("escrow")], false),
      (["key", "escrow", "--shares", "2", "--threshold", "2", "--out", sandbox.file("shares")], false),
      (["key", "revoke", "sign", "--reason", "compromised"], false),
      (["tenant", "destroy", "other", "--crypto-erase", "--yes"], false),
    ]
    for (words, plain) in commands {
      let (outcome, calls) = try traced(words)
      #expect(outcome.status == 0, "\(words): \(outcome.stderr)")
      let told = outcome.stdout + outcome.stderr
      for secret in [key, Data(seed)] {
        for form in forms(secret) {
          #expect(!told.contains(String(decoding: form, as: UTF8.self)), "\(words)")
          let lines = calls.split(separator: "\n").filter { $0.contains(escaped(form)) }
          // The bytes as they are, once, into the new file.
          let isAsked = plain && secret == key && form == key
          #expect(lines.count == (isAsked ? 1 : 0), "\(words): \(lines.map { $0.prefix(60) })")
          #expect(lines.allSatisfy { $0.contains("write(") })
        }
      }
    }
    #expect(try filesHolding(key).isEmpty && filesHolding(Data(seed)).isEmpty)
  }

  @Test func `a failed launch leaves no secret behind either`() throws {
    let other = try sandbox.firmware(SmallFirmware(filler: 1), as: "other.fd")
    let (outcome, calls) = try traced(
      "start", "web1", "--firmware", other, "--secret", "luks-key=@\(sandbox.file("secret"))")
    #expect(outcome.status == 10)
    for form in forms(Data(canary.utf8)) { #expect(!calls.contains(escaped(form))) }
    #expect(try filesHolding(Data(canary.utf8)).isEmpty)
  }

  @Test func `the definition stays clean of sessions`() throws {
    try sandbox.succeed("start", "web1")
    let stored = try sandbox.succeed("dumpxml", "--inactive", "web1").stdout
    #expect(!stored.contains("<session>") && !stored.contains("<dhCert>"))
    #expect(try sandbox.succeed("dumpxml", "web1").stdout.contains("<session>"))
  }

  @Test(arguments: [
    "luks-key=hunter2", "luks-key=hunter2@x", "hunter2", "=@x", "luks-key=", "luks-key=@", "@x",
  ])
  func `a secret on the command line is refused, with the right form`(_ word: String) throws {
    let error = try sandbox.refuses(.usage, "start", "web1", "--secret", word)
    #expect(error.string("hint")?.contains("@") == true, "\(error)")
    #expect(!"\(error)".contains("hunter2"), "it repeats the secret")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    try sandbox.refuses(.usage, "secret", "inject", "web1", "--secret", word)
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o620, 0o777])
  func `a secret file that others can read is refused`(
    _ mode: Int
  ) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: sandbox.file("secret"))
    let error = try sandbox.refuses(
      .permission, "start", "web1", "--secret", "luks-key=@\(sandbox.file("secret"))")
    #expect(error.string("hint")?.hasPrefix("chmod 600 ") == true, "\(error)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test(arguments: [0o600, 0o400]) func `a secret file of its owner alone is taken`(_ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: sandbox.file("secret"))
    #expect(
      try sandbox.object("start", "web1", "--secret", "luks-key=@\(sandbox.file("secret"))").number(
        "secretsInjected") == 1)
  }

  @Test func `a descriptor and standard input carry a secret too`() throws {
    let run = "exec 3<'\(sandbox.file("secret"))'; exec \"$0\" \"$@\""
    let tool = Tool("/bin/bash", ["-c", run, Program.cvmctl] + sandbox.cvmctl.arguments)
    try tool.succeed("start", "web1", "--secret", "luks-key=@/dev/fd/3")
    try sandbox.succeed("destroy", "web1")
    let piped = "cat '\(sandbox.file("secret"))' | \"$0\" \"$@\""
    try Tool("/bin/bash", ["-c", piped, Program.cvmctl] + sandbox.cvmctl.arguments).succeed(
      "start", "web1", "--secret", "luks-key=@/dev/fd/0")
    #expect(try sandbox.object("launch", "show", "web1").number("secretsInjected") == 1)
  }

  @Test func `a secret that is empty, too large, a directory or a device is refused before the start`() throws
  {
    try sandbox.directory.write(Data(), to: "empty", mode: 0o600)
    try sandbox.directory.write(Data(count: 70_000), to: "large", mode: 0o600)
    for (path, refusal) in [
      (sandbox.file("empty"), Refusal.usage), (sandbox.file("large"), .usage),
      (sandbox.directory.path, .usage),
      ("/dev/zero", .usage), ("/dev/null", .usage), ("/nonexistent", .notFound),
    ] {
      let outcome = try sandbox.lean().run("start", "web1", "--no-progress", "--secret", "luks-key=@\(path)")
      expect(outcome, is: refusal)
      #expect(outcome.wallTime < 5)
    }
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test func `secrets that the definition names have to be given, and no others are taken`() throws {
    try sandbox.define(
      GuestText(
        "web2", launch: "{type: sev-es}", firmware: try sandbox.firmware(), more: "secrets: [{name: disk}]"))
    let error = try sandbox.refuses(.usage, "start", "web2")
    #expect(error.string("hint")?.contains("--secret disk=@FILE") == true, "\(error)")
    try sandbox.refuses(.usage, "start", "web2", "--secret", "other=@\(sandbox.file("secret"))")
    try sandbox.succeed("start", "web2", "--secret", "disk=@\(sandbox.file("secret"))")
  }

  @Test func `no core is dumped of a process that may hold secrets`() throws {
    let fifo = sandbox.file("fifo")
    try Tool("/usr/bin/mkfifo").succeed(fifo)
    let running = try Tool(
      "/bin/bash",
      ["-c", "ulimit -c unlimited; exec \"$0\" \"$@\"", Program.cvmctl] + sandbox.cvmctl.arguments
    )
    .start(["start", "web1", "--secret", "luks-key=@\(fifo)"])
    // It waits for the FIFO's writer.
    let limited = holds(within: .seconds(10)) {
      let limits = try? String(contentsOfFile: "/proc/\(running.pid)/limits", encoding: .utf8)
      return limits?.split(separator: "\n").contains {
        $0.hasPrefix("Max core file size") && $0.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"]
      } ?? false
    }
    #expect(limited)
    running.signal(SIGKILL)
    _ = try running.wait(timeout: .seconds(5))
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    try sandbox.succeed("start", "web1")
  }
}
