import Foundation
import TestHarness
import Testing

@Suite("an interrupted launch") struct InterruptionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test(arguments: [SIGINT, SIGTERM])
  func `leaves no guest half started, and running it again converges`(_ number: Int32) throws {
    let names = (0..<40).map { "g\($0)" }
    for name in names {
      try sandbox.directory.write(GuestText(name).yaml, to: name)
    }
    try sandbox.cvmctl.succeed(["define"] + names.map(sandbox.file))
    let launching = try sandbox.cvmctl.start(["-o", "json", "start", "--all"])
    try #require(holds(within: .seconds(20)) { try states().values.contains("running") })
    launching.signal(number)
    let outcome = try launching.wait(timeout: .seconds(30))
    #expect(outcome.status == 128 + number, "\(outcome)")
    let details = try outcome.errorObject().object("details")
    let succeeded = try #require(details?.list("succeeded") as? [String])
    #expect(!succeeded.isEmpty && succeeded.count < names.count)
    let found = try states()
    #expect(Set(found.values) == ["running", "shut off"], "\(found)")
    #expect(Set(found.filter { $0.value == "running" }.keys) == Set(succeeded))
    for record in try sandbox.list("launch", "history") {
      #expect(["running", "destroyed", "failed"].contains(record.string("outcome")), "\(record)")
    }
    try sandbox.succeed("start", "--all")
    #expect(Set(try states().values) == ["running"])
  }

  private func states() throws -> [String: String] {
    var states: [String: String] = [:]
    for guest in try sandbox.list("list", "--all") {
      states[guest.string("name") ?? ""] = guest.string("state")
    }
    return states
  }
}
