import TestHarness
import Testing

@Suite("--readonly", .serialized) struct ReadOnlyTests {
  static let verbs = [
    "define @other.yaml", "create @other.yaml", "undefine web1", "start web1", "shutdown run1", "reboot run1",
    "reset run1", "destroy run1", "suspend run1", "resume held1", "policy create p 0x3 --type sev",
    "policy edit mine 0xb", "policy delete mine", "secret inject held1 --secret luks-key=@@secret",
    "domsetlaunchsecstate held1 --secrethdr @secret --secret @secret",
    "host certs import --cek @secret --ca @secret", "sim host create other", "sim host delete default",
  ]

  @Test(arguments: verbs) func `forbids every verb that changes something`(_ verb: String) throws {
    let sandbox = try Self.furnished.get()
    let words = verb.split(separator: " ").map { word in
      word.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).count == 2
        ? word.replacingFile(in: sandbox) : String(word)
    }
    let before = try sandbox.snapshot()
    for place in [["--readonly"] + words, words + ["-r"]] {
      expect(try sandbox.cvmctl.run(place), is: .permission)
    }
    let after = try sandbox.snapshot()
    #expect(before == after)
  }

  @Test func `allows what only looks`() throws {
    let sandbox = try Self.furnished.get()
    for verb in [
      "list --all", "dominfo web1", "dumpxml web1", "launch show run1", "launch verify run1", "host info",
    ] {
      try sandbox.cvmctl.succeed(["-r"] + verb.split(separator: " ").map(String.init))
    }
  }

  private static let furnished = Result {
    let sandbox = try Sandbox()
    for name in ["web1", "run1", "held1"] { try sandbox.define(GuestText(name)) }
    try sandbox.succeed("start", "run1")
    try sandbox.succeed("start", "held1", "--paused")
    try sandbox.succeed("policy", "create", "mine", "0x3", "--type", "sev")
    try sandbox.directory.write(GuestText("other").yaml, to: "other.yaml")
    try sandbox.directory.write("s", to: "secret", mode: 0o600)
    return sandbox
  }
}

extension Substring {
  /// `@name` is a file of the sandbox; `x=@@name` too, with the @ that the option wants.
  fileprivate func replacingFile(in sandbox: Sandbox) -> String {
    guard let at = lastIndex(of: "@") else { return String(self) }
    return String(self[..<at]) + sandbox.file(String(self[index(after: at)...]))
  }
}
