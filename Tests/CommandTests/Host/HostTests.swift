import Foundation
import TestHarness
import Testing

@Suite("host") struct HostTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func export() throws -> (chain: String, ca: String) {
    let (chain, ca) = (sandbox.file("chain"), sandbox.file("ca"))
    let exported = try sandbox.object("host", "certs", "export", chain, "--ca", ca)
    #expect(exported.flag("cekSigned") == true && exported.flag("simulated") == true)
    return (chain, ca)
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test func `check says that a simulated host is ready, and for what not`() throws {
    for type in ["sev", "sev-es"] {
      let report = try sandbox.object("host", "check", "--type", type)
      #expect(report.flag("ready") == true && report.flag("simulated") == true)
    }
    let outcome = try sandbox.run("host", "check", "--type", "sev-snp", "-o", "json")
    #expect(outcome.status == 5)
    #expect(try outcome.object().flag("ready") == false)
    try sandbox.refuses(.usage, "host", "check", "--type", "tdx")
  }

  @Test func `check says that a host without SEV-ES is ready for SEV only`() throws {
    try sandbox.succeed("sim", "host", "create", "old", "--no-es")
    #expect(try sandbox.object("-c", "sim:///old", "host", "check", "--type", "sev").flag("ready") == true)
    let outcome = try sandbox.run("-c", "sim:///old", "host", "check", "--type", "sev-es", "-o", "json")
    #expect(outcome.status == 5)
    #expect(try outcome.object().flag("ready") == false)
    #expect(try sandbox.object("-c", "sim:///old", "host", "info").number("maxEsGuests") == 0)
  }

  @Test func `simulated certificates in files are accepted by option or configuration only`() throws {
    let (chain, ca) = try export()
    let words = ["host", "certs", "verify", "--sev", chain, "--ca", ca]
    try sandbox.refuses(.attestationRefused, words, prints: true)
    try sandbox.cvmctl.succeed(words + ["--allow-simulated"])
    try FileManager.default.createDirectory(
      atPath: sandbox.file(".config/cvmctl"), withIntermediateDirectories: true)
    try sandbox.directory.write("simulated: allow\n", to: ".config/cvmctl/config.yaml")
    try sandbox.cvmctl.succeed(words)
  }

  @Test func `a machine without SEV is told line by line what is missing and how to mend it`() throws {
    let outcome = try sandbox.run("-c", "test:///default", "host", "check", "-o", "json")
    #expect(outcome.status == 5, "\(outcome.stderr)")
    let checks = try #require(try outcome.object().list("checks") as? [[String: Any]])
    let failed = checks.filter { $0["result"] as? String == "fail" }
    #expect(!failed.isEmpty && failed.allSatisfy { ($0["fix"] as? String)?.isEmpty == false }, "\(failed)")
    #expect(try outcome.object().flag("simulated") == false)
    #expect(try outcome.errorObject().string("hint")?.isEmpty == false)
  }

  @Test func `libvirt's test driver is served, and is no confidential host`() throws {
    let test = sandbox.bare.with("--state-dir", sandbox.state, "-c", "test:///default")
    #expect(try test.succeed("list", "-o", "name").stdout == "test\n")
    let guest = try test.succeed("dominfo", "test", "-o", "json").object()
    #expect(guest.flag("simulated") == false && guest.flag("confidential") == false)
    expect(try test.run("nodesevinfo"), is: .unsupported)
    expect(try test.run("domlaunchsecinfo", "test"), is: .unsupported)
    let file = try sandbox.directory.write(GuestText("sev1").yaml, to: "sev1.yaml")
    let outcome = try test.run("create", file, "--no-progress")
    #expect(outcome.status != 0 && outcome.stdout.isEmpty, "\(outcome)")
  }

  @Test func `info and nodesevinfo show one platform`() throws {
    let info = try sandbox.object("host", "info")
    let node = try sandbox.object("nodesevinfo")
    #expect(info.number("cbitPosition") == node.number("cbitpos"))
    #expect(info.number("maxGuests") == node.number("maxGuests"))
    #expect(info.string("certificates") == "verified (simulated root)")
    #expect(Data(base64Encoded: try #require(node.string("pdh")))?.count == 2084)
    #expect(Data(base64Encoded: try #require(node.string("certChain")))?.count == 3 * 2084)
    let table = try sandbox.succeed("nodesevinfo").stdout
    for key in ["pdh", "cert-chain", "cbitpos", "reduced-phys-bits", "max-guests", "max-es-guests"] {
      #expect(table.contains("\(key):") || table.contains("\(key) "), "\(key)")
    }
  }

  @Test func `certs export writes what verify accepts, once and no more than asked`() throws {
    let (chain, ca) = try export()
    #expect(try bytes(chain).count == 4 * 2084)
    #expect([2 * 832, 2 * 1600].contains(try bytes(ca).count))
    let words = ["host", "certs", "verify", "--sev", chain, "--ca", ca]
    try sandbox.bare.succeed(words + ["--allow-simulated"])
    let refused = try sandbox.bare.run(words)
    expect(refused, is: .attestationRefused, prints: true)
    #expect(refused.stderr.contains("--allow-simulated"))
    try sandbox.refuses(.conflict, "host", "certs", "export", chain)
  }

  @Test func `a simulated root as trust root is somebody's own choice, and still called simulated`() throws {
    let (chain, ca) = try export()
    let both = try bytes(ca)
    try sandbox.directory.write(Data(both.suffix(both.count / 2)), to: "ark")
    let outcome = try sandbox.bare.run(
      "-o", "json", "host", "certs", "verify", "--sev", chain, "--ca", ca, "--trust-root", sandbox.file("ark")
    )
    #expect(try outcome.object().flag("simulated") == true, "\(outcome)")
  }

  @Test func `one changed byte anywhere breaks the chain`() throws {
    let (chain, ca) = try export()
    let (whole, root) = (try bytes(chain), try bytes(ca))
    func verify() throws -> Int32 {
      try sandbox.bare.run(
        "host", "certs", "verify", "--allow-simulated", "--sev", sandbox.file("c"), "--ca", sandbox.file("r")
      ).status
    }
    // Key, body and signature of each certificate.
    for certificate in 0..<4 {
      for offset in [0x18, 0x60, 0x41C, 0x470] {
        var changed = whole
        changed[certificate * 2084 + offset] ^= 1
        try sandbox.directory.write(changed, to: "c")
        try sandbox.directory.write(root, to: "r")
        #expect([2, 12].contains(try verify()), "certificate \(certificate), byte \(offset)")
      }
    }
    for offset in [0x10, 0x80, root.count / 2 - 8, root.count / 2 + 0x80, root.count - 8] {
      var changed = root
      changed[offset] ^= 1
      try sandbox.directory.write(whole, to: "c")
      try sandbox.directory.write(changed, to: "r")
      #expect([2, 12].contains(try verify()), "root, byte \(offset)")
    }
    for count in [0, 1, 2084, 4 * 2084 - 1, 4 * 2084 + 1] {
      try sandbox.directory.write(Data((whole + whole).prefix(count)), to: "c")
      try sandbox.directory.write(root, to: "r")
      #expect(try verify() == 2, "\(count) bytes")
    }
  }

  @Test func `certs import keeps what verifies, of this host only`() throws {
    let (chain, ca) = try export()
    try sandbox.refuses(
      .attestationRefused, "host", "certs", "import", "--cek", chain, "--ca", ca, prints: true)
    let done = try sandbox.object("host", "certs", "import", "--cek", chain, "--ca", ca, "--allow-simulated")
    #expect(done.flag("accepted") == true)
    try sandbox.succeed("sim", "host", "create", "other")
    let outcome = try sandbox.run(
      "-c", "sim:///other", "host", "certs", "import", "--cek", chain, "--ca", ca, "--allow-simulated")
    #expect(outcome.status == 12, "\(outcome)")
    try sandbox.refuses(.usage, "host", "certs", "import", "--cek", ca, "--ca", ca, "--allow-simulated")
    try sandbox.refuses(.notFound, "host", "certs", "import", "--cek", "/nonexistent", "--ca", ca)
    try sandbox.refuses(.usage, "host", "certs", "verify", "--sev", chain)
  }
}
