import Foundation
import TestHarness
import Testing

@Suite("measure --igvm") struct MeasureIGVMTests {
  let sandbox: Sandbox
  let file: String

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    file = try sandbox.directory.write(Data(ExampleIGVM.file), to: "x.igvm")
  }

  @Test func `predicts the worked digest`() throws {
    #expect(try sandbox.succeed("measure", "--igvm", file).stdout == ExampleIGVM.digest + "\n")
    #expect(
      try sandbox.succeed("measure", "--igvm", file, "--vcpus", "1").stdout == ExampleIGVM.digest + "\n")
    #expect(
      try sandbox.succeed("measure", "--igvm", file, "--empty-pages", "normal").stdout
        == ExampleIGVM.normalDigest + "\n")
    let base64 = try sandbox.succeed("measure", "--igvm", file, "--output-format", "base64").stdout
    #expect(Data(base64Encoded: base64.dropLast().description)?.count == 48)
  }

  @Test func `explains every group of pages, and warns of a parameter area that QEMU measures earlier`()
    throws
  {
    let object = try sandbox.object("measure", "--igvm", file)
    #expect(object.string("digest") == ExampleIGVM.digest && object.string("type") == "sev-snp")
    let pages = (object.list("pages") as? [[String: Any]] ?? []).map { JSONObject($0) }
    #expect(
      pages.map { $0.string("type") } == ["normal", "zero", "secrets", "cpuid", "unmeasured", "vmsa"])
    #expect(pages.last?.string("digest") == ExampleIGVM.digest)
    let told = try sandbox.succeed("measure", "--igvm", file, "--explain")
    #expect(told.stdout.split(separator: "\n").count == 7 && told.stderr.contains("warning: offset 272"))
  }

  @Test func `says what is wrong and where`() throws {
    try sandbox.refuses(.unsupported, "measure", "--igvm", file, "--vcpus", "2")
    try sandbox.refuses(.usage, "measure", "--igvm", file, "--empty-pages", "one")
    try sandbox.refuses(.usage, "measure", "--vcpus", "1")
    try sandbox.refuses(.notFound, "measure", "--igvm", sandbox.file("absent"))
    var bytes = ExampleIGVM.file
    bytes[0x20] ^= 1
    let damaged = try sandbox.directory.write(Data(bytes), to: "y.igvm")
    let error = try sandbox.run("-o", "json", "measure", "--igvm", damaged).errorObject()
    #expect(error.number("exit") == 2 && error.object("details")?.number("offset") == 0x14)
  }
}
