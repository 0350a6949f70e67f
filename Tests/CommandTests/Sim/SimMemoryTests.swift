import Foundation
import TestHarness
import Testing

@Suite("sim memory") struct SimMemoryTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.define(
      GuestText("web1", launch: "{type: sev-es}", firmware: try sandbox.firmware(), more: "vcpus: 2"))
  }

  private func bytes(_ view: String, _ address: String, _ count: Int) throws -> String {
    try sandbox.object(
      "sim", "memory", "web1", "--view", view, "--address", address, "--count", String(count)
    ).string("bytes") ?? ""
  }

  @Test func `shows the guest its firmware, and the hypervisor ciphertext`() throws {
    try sandbox.succeed("start", "web1")
    let firmware = SmallFirmware().data.map { String(format: "%02x", $0) }.joined()
    let (guest, host) = (try bytes("guest", "0xfffff000", 4096), try bytes("host", "0xfffff000", 4096))
    #expect(guest == firmware)
    #expect(host != firmware && host.count == firmware.count)
    // Zeros at two addresses are two ciphertexts.
    #expect(host.prefix(32) != host.dropFirst(32).prefix(32))
  }

  @Test func `lists what a launch has put where`() throws {
    try sandbox.succeed("start", "web1")
    let ranges = try sandbox.list("sim", "memory", "web1")
    #expect(ranges.map { $0.string("content") } == ["firmware", "vmsa-0", "vmsa-1"])
    #expect(ranges[0].string("address") == "0xfffff000" && ranges[0].number("size") == 4096)
  }

  @Test func `dumps sixteen bytes a line, nothing that steers a terminal`() throws {
    try sandbox.succeed("start", "web1")
    let dump = try sandbox.succeed("sim", "memory", "web1", "--address", "0xfffff000", "--count", "4096")
    #expect(dump.stdout.split(separator: "\n").count == 256)
    expectPlain(dump)
  }

  @Test func `refuses what is not there`() throws {
    try sandbox.refuses(.conflict, "sim", "memory", "web1")
    try sandbox.succeed("start", "web1")
    try sandbox.refuses(.usage, "sim", "memory", "web1", "--view", "other")
    try sandbox.refuses(.usage, "sim", "memory", "web1", "--address", "x")
    try sandbox.refuses(.usage, "sim", "memory", "web1", "--address", "0", "--count", "0")
    try sandbox.refuses(.usage, "sim", "memory", "web1", "--address", "0", "--count", "99999999")
    for address in ["0xffffffffffffffff", "0x10000000000", "0xfffffffffffffff0"] {
      let outcome = try sandbox.run("sim", "memory", "web1", "--address", address, "--count", "64")
      #expect([1, 2, 4].contains(outcome.status), "\(outcome)")
      #expect(outcome.stdout.isEmpty)
    }
    try sandbox.refuses(.notFound, "sim", "memory", "nosuch")
  }
}
