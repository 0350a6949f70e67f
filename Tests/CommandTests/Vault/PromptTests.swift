import Foundation
import TestHarness
import Testing

/// Passphrases that are typed on a terminal.
@Suite("passphrases on a terminal") struct PromptTests {
  private let sandbox: Sandbox

  init() throws { sandbox = try Sandbox(hasHost: false) }

  /// Runs cvmctl on a terminal of its own; types a line at each prompt. Prints what the terminal showed, whether it showed what
  /// is typed at each prompt and at the end, and how the program ended.
  private static let script = """
    import json, os, pty, select, signal, sys, termios, time
    lines, words = json.loads(sys.argv[1]), sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execv(words[0], words)
    def echoes():
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    before, shown, at_prompts = echoes(), b"", []
    def read(seconds):
        if not select.select([terminal], [], [], seconds)[0]: return b""
        try: return os.read(terminal, 4096)
        except OSError: return None
    for line in lines:
        start = len(shown)
        while b": " not in shown[start:]:
            piece = read(20)
            if not piece: break
            shown += piece
        time.sleep(0.1)
        at_prompts.append(echoes())
        os.write(terminal, line.encode())
    while True:
        piece = read(20)
        if not piece: break
        shown += piece
    # The terminal lives on for its other end as long as this one is open.
    after = echoes()
    status = os.waitpid(pid, 0)[1]
    print(json.dumps({"before": before, "prompts": at_prompts, "after": after,
        "shown": shown.decode(), "status": status}))
    """

  private struct Session: Decodable {
    let before: Bool
    let prompts: [Bool]
    let after: Bool
    let shown: String
    let status: Int32
  }

  private func typed(_ lines: [String], at words: String...) throws -> Session {
    let json = String(decoding: try JSONEncoder().encode(lines), as: UTF8.self)
    var tool = Tool("/usr/bin/python3", ["-c", Self.script], environment: sandbox.cvmctl.environment)
    tool.environment["TERM"] = "dumb"
    let outcome = try tool.succeed([json, sandbox.cvmctl.path] + sandbox.cvmctl.arguments + words)
    return try JSONDecoder().decode(Session.self, from: Data(outcome.stdout.utf8))
  }

  @Test func `are not shown, and the terminal is as it was afterwards`() throws {
    let made = try typed(
      ["correct horse\n", "correct horse\n"], at: "vault", "init", "--seal", "passphrase", "--kdf", "scrypt")
    #expect(made.status == 0, "\(made)")
    #expect(made.before && made.prompts == [false, false] && made.after, "\(made)")
    #expect(!made.shown.contains("horse") && made.shown.contains("Once more"), "\(made)")
    let opened = try typed(["correct horse\n"], at: "vault", "unlock")
    #expect(opened.status == 0 && opened.prompts == [false] && opened.after, "\(opened)")
    try sandbox.succeed("key", "create", "disk")
    try sandbox.succeed("vault", "lock")
    let wrong = try typed(["correct hors\n"], at: "vault", "unlock")
    #expect(wrong.status >> 8 == 15, "\(wrong)")
  }

  @Test func `that are two different ones do nothing`() throws {
    let two = try typed(
      ["correct horse\n", "correct hors\n"], at: "vault", "init", "--seal", "passphrase")
    #expect(two.status >> 8 == 2 && two.after && !two.shown.contains("hors"), "\(two)")
    #expect(try sandbox.object("vault", "status").string("state") == "absent")
  }

  @Test func `can be left by a signal, and the terminal is as it was`() throws {
    let left = try typed(["half\u{3}"], at: "vault", "init", "--seal", "passphrase")
    #expect(left.before && left.prompts == [false] && left.after, "\(left)")
    #expect(left.status & 0x7F == SIGINT, "\(left)")
    #expect(!left.shown.contains("half"), "\(left)")
    #expect(try sandbox.object("vault", "status").string("state") == "absent")
  }
}
