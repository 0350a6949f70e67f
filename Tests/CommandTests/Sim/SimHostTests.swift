import TestHarness
import Testing

@Suite("simulated hosts") struct SimHostTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `are created, listed, shown and deleted`() throws {
    let host = try sandbox.object(
      "sim", "host", "create", "old", "--api", "0.22", "--build", "11", "--asids", "15", "--es-asids", "5")
    #expect(host.string("name") == "old" && host.string("uri") == "sim:///old")
    #expect(host.string("api") == "0.22" && host.number("build") == 11)
    #expect(host.number("maxGuests") == 10 && host.number("maxEsGuests") == 5)
    #expect(try sandbox.list("sim", "host", "list").map { $0.string("name") } == ["default", "old"])
    try sandbox.refuses(.conflict, "sim", "host", "create", "old")
    #expect(try sandbox.object("-c", "sim:///old", "host", "info").number("maxGuests") == 10)
    try sandbox.succeed("sim", "host", "delete", "old")
    #expect(try sandbox.list("sim", "host", "list").count == 1)
    try sandbox.refuses(.connection, "-c", "sim:///old", "list")
  }

  @Test func `with running guests are deleted by force only`() throws {
    try sandbox.define(GuestText("web1"))
    try sandbox.succeed("start", "web1")
    try sandbox.refuses(.conflict, "sim", "host", "delete", "default")
    try sandbox.succeed("sim", "host", "delete", "default", "--force")
    #expect(try sandbox.list("sim", "host", "list").isEmpty)
  }

  @Test(arguments: ["", "A", "a/b", "..", "a_b", "a\nb", "\u{1B}[0m", String(repeating: "a", count: 64)])
  func `have names of small letters, digits and hyphens`(_ name: String) throws {
    for verb in ["create", "show", "delete"] {
      try sandbox.refuses(.usage, "sim", "host", verb, "--", name)
    }
  }

  @Test(arguments: [
    "--asids 0", "--asids 99999999999", "--asids x", "--es-asids 4294967295", "--asids 5 --es-asids 9",
    "--api 1",
    "--api 1.256", "--api x.y", "--build 256", "--build -1",
  ]) func `refuse models that no processor has`(_ options: String) throws {
    let before = try sandbox.snapshot()
    try sandbox.refuses(
      .usage, ["sim", "host", "create", "odd"] + options.split(separator: " ").map(String.init))
    #expect(try sandbox.snapshot() == before)
  }

  @Test func `run out of ASIDs as hardware does, and get them back`() throws {
    try sandbox.succeed("sim", "host", "create", "small", "--asids", "2", "--es-asids", "1")
    for name in ["a", "b"] {
      let file = try sandbox.directory.write(GuestText(name).yaml, to: "\(name).yaml")
      try sandbox.succeed("-c", "sim:///small", "define", file)
    }
    try sandbox.succeed("-c", "sim:///small", "start", "a")
    let outcome = try sandbox.run("-c", "sim:///small", "start", "b", "--no-progress")
    expect(outcome, is: .failure)
    try sandbox.succeed("-c", "sim:///small", "destroy", "a")
    try sandbox.succeed("-c", "sim:///small", "start", "b")
  }
}
