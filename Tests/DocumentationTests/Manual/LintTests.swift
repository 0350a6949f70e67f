import TestHarness
import Testing

@Suite("The manual") struct LintTests {
  @Test(arguments: ["cvmctl.1", "cvmctl-json.5", "cvmctl-envelope.5", "cvm-qemu.1"])
  func `is mdoc without a warning`(_ name: String) throws {
    let outcome = try Tool("/usr/bin/mandoc", ["-Tlint", "-W", "warning"]).run(
      "\(Repository.root)/man/\(name)")
    #expect(outcome.status == 0, "\(outcome.stdout)\(outcome.stderr)")
  }
}
