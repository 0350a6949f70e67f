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

  @Test func `tells whether the ID block in the file is of this launch, and signed`() throws {
    let keys = try [1, 2].map {
      try sandbox.directory.write(ExampleKey.pem($0), to: "\($0).pem", mode: 0o600)
    }
    for (name, launch) in [("good", ExampleIGVM.digest), ("bad", ExampleIGVM.normalDigest)] {
      try sandbox.succeed(
        "idblock", "create", "--measurement", launch, "--id-key", keys[0], "--author-key", keys[1],
        "--binary",
        "--out", sandbox.file(name))
      let parts = try ["_idblock.bin", "_idauth.bin"].map { ending in
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: sandbox.file(name + ending))))
      }
      var bytes = ExampleIGVM.file(block: parts[0], auth: parts[1])
      for signed in [true, false] {
        if !signed {
          bytes = ExampleIGVM.file(block: parts[0].dropLast(9) + [7] + parts[0].suffix(8), auth: parts[1])
        }
        let igvm = try sandbox.directory.write(Data(bytes), to: "\(name)\(signed).igvm")
        let object = try sandbox.object("measure", "--igvm", igvm)
        #expect(object.string("digest") == ExampleIGVM.digest)
        let block = try #require(object.object("idBlock"))
        #expect(block.flag("matches") == (name == "good") && block.flag("signed") == signed)
      }
    }
  }
}
