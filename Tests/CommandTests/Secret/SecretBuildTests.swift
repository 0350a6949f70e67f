import Foundation
import TestHarness
import Testing

@Suite("secret build") struct SecretBuildTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    try sandbox.directory.write(Data(0x30...0x3F), to: "tik")
    try sandbox.directory.write(Data(0x20...0x2F), to: "tek")
    try sandbox.directory.write("correct horse battery staple\0", to: "secret", mode: 0o600)
  }

  private func words(_ secrets: [String], out: String = "p", tik: String = "tik") -> [String] {
    [
      "secret", "build", "--tik", sandbox.file(tik), "--tek", sandbox.file("tek"), "--measurement",
      OfflineVerifyTests.measurement, "--out", sandbox.file(out),
    ]
      + secrets.flatMap { ["--secret", $0] }
  }

  private func shown(_ prefix: String = "p", tik: String = "tik") throws -> Outcome {
    try sandbox.bare.run(
      "-o", "json", "secret", "show", sandbox.file(prefix), "--tik", sandbox.file(tik), "--tek",
      sandbox.file("tek"),
      "--measurement", OfflineVerifyTests.measurement)
  }

  @Test func `writes a packet that its keys and its measurement open`() throws {
    let guid = "e6f5a162-d67f-4750-a67c-5d065f2a9910"
    let secret = sandbox.file("secret")
    let built = try sandbox.bare.succeed(
      words(["luks-key:\(secret)", "\(guid):\(secret)"]) + ["-o", "json"]
    ).object()
    #expect(built.number("payloadSize") == 128)
    let header = try Data(contentsOf: URL(fileURLWithPath: sandbox.file("p_header.bin")))
    let payload = try Data(contentsOf: URL(fileURLWithPath: sandbox.file("p_payload.bin")))
    #expect(header.count == 52 && payload.count == 128)
    #expect(payload.range(of: Data("correct horse".utf8)) == nil)
    let found = try shown().object()
    #expect(found.flag("authentic") == true)
    let entries = try #require(found.list("secrets") as? [[String: Any]])
    #expect(entries.compactMap { $0["guid"] as? String } == ["736869e5-84f0-4973-92ec-06879ce3da0b", guid])
    #expect(entries.compactMap { $0["size"] as? Int } == [29, 29])
    // Without keys there is only the header to see.
    let unopened = try sandbox.bare.succeed("-o", "json", "secret", "show", sandbox.file("p")).object()
    #expect(unopened.values["authentic"] is NSNull && unopened.list("secrets")?.isEmpty == true)
  }

  @Test func `every packet has an IV of its own`() throws {
    let secret = "luks-key:\(sandbox.file("secret"))"
    let first = try sandbox.bare.succeed(words([secret], out: "a") + ["-o", "json"]).object().string("iv")
    let second = try sandbox.bare.succeed(words([secret], out: "b") + ["-o", "json"]).object().string("iv")
    #expect(first != second)
  }

  @Test func `a changed packet or a wrong key is refused`() throws {
    try sandbox.bare.succeed(words(["luks-key:\(sandbox.file("secret"))"]))
    try sandbox.directory.write(Data(0x31...0x40), to: "other")
    #expect(try shown(tik: "other").status == 12)
    for name in ["p_header.bin", "p_payload.bin"] {
      let path = sandbox.file(name)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      for index in [0, 4, 20, whole.count - 1] {
        var changed = whole
        changed[index] ^= 0x80
        try changed.write(to: URL(fileURLWithPath: path))
        let outcome = try shown()
        #expect([2, 12].contains(outcome.status), "\(name) \(index): \(outcome)")
      }
      for bad in [whole.dropLast(), whole + [0], Data()] {
        try bad.write(to: URL(fileURLWithPath: path))
        #expect([2, 12].contains(try shown().status), "\(name) \(bad.count)")
      }
      try whole.write(to: URL(fileURLWithPath: path))
    }
    #expect(try shown().status == 0)
  }

  @Test func `overwrites nothing`() throws {
    let secret = "luks-key:\(sandbox.file("secret"))"
    for name in ["p_header.bin", "p_payload.bin"] {
      try sandbox.directory.write("mine", to: name)
      expect(try sandbox.bare.run(words([secret])), is: .conflict)
      #expect(try String(contentsOfFile: sandbox.file(name), encoding: .utf8) == "mine")
      try FileManager.default.removeItem(atPath: sandbox.file(name))
      #expect(!FileManager.default.fileExists(atPath: sandbox.file("p_header.bin")))
    }
  }

  @Test func `the firmware's area bounds the table`() throws {
    try sandbox.directory.write(Data(count: 5000), to: "large", mode: 0o600)
    let firmware = try sandbox.firmware()
    expect(
      try sandbox.bare.run(words(["luks-key:\(sandbox.file("large"))"]) + ["--firmware", firmware]),
      is: .unsupported)
    let unoffered = try sandbox.firmware(SmallFirmware(secret: (0, 0)), as: "zero.fd")
    expect(
      try sandbox.bare.run(words(["luks-key:\(sandbox.file("secret"))"]) + ["--firmware", unoffered]),
      is: .unsupported)
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("p_header.bin")))
    try sandbox.bare.succeed(words(["luks-key:\(sandbox.file("secret"))"]) + ["--firmware", firmware])
  }

  @Test func `more than the AMD-SP takes in one packet is refused`() throws {
    try sandbox.directory.write(Data(count: 16344), to: "most", mode: 0o600)
    try sandbox.directory.write(Data(count: 16345), to: "more", mode: 0o600)
    try sandbox.bare.succeed(words(["luks-key:\(sandbox.file("most"))"]))
    expect(try sandbox.bare.run(words(["luks-key:\(sandbox.file("more"))"], out: "q")), is: .usage)
  }

  @Test func `what is no secret is a usage error`() throws {
    let secret = sandbox.file("secret")
    for text in [
      "luks-key", "luks-key:", ":\(secret)", "nosuch:\(secret)", "736869e5:\(secret)", "\u{1B}[31m:\(secret)",
    ] {
      expect(try sandbox.bare.run(words([text])), is: .usage)
    }
    expect(try sandbox.bare.run(words([])), is: .usage)
    expect(try sandbox.bare.run(words(["luks-key:\(secret)", "luks-key:\(secret)"])), is: .usage)
    try sandbox.directory.write(Data(), to: "empty", mode: 0o600)
    expect(try sandbox.bare.run(words(["luks-key:\(sandbox.file("empty"))"])), is: .usage)
    expect(try sandbox.bare.run(words(["luks-key:/nonexistent"])), is: .notFound)
    expect(try sandbox.bare.run(words(["luks-key:\(sandbox.directory.path)"])), is: .usage)
    expect(try sandbox.bare.run(words(["luks-key:/dev/zero"])), is: .usage)
  }
}
