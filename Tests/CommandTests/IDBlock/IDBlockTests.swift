import Foundation
import TestHarness
import Testing

@Suite("idblock") struct IDBlockTests {
  let sandbox: Sandbox
  let idKey: String
  let authorKey: String
  static let digest = String(repeating: "ab", count: 48)

  init() throws {
    sandbox = try Sandbox()
    idKey = try sandbox.directory.write(ExampleKey.pem(1), to: "id.pem", mode: 0o600)
    authorKey = try sandbox.directory.write(ExampleKey.pem(2), to: "author.pem", mode: 0o600)
  }

  @discardableResult
  private func create(_ more: String..., out: String = "x") throws -> [String] {
    let words = ["idblock", "create", "--measurement", Self.digest, "--id-key", idKey]
    try sandbox.cvmctl.succeed(words + more + ["--out", sandbox.file(out)])
    return [sandbox.file(out + "_idblock.b64"), sandbox.file(out + "_idauth.b64")]
  }

  private func verify(_ files: [String], _ more: String...) throws -> Outcome {
    try sandbox.cvmctl.run(["-o", "json", "idblock", "verify"] + files + more)
  }

  private func results(_ outcome: Outcome) throws -> [String: String] {
    let list = try outcome.object().list("checks") as? [[String: Any]] ?? []
    let checks = list.map { JSONObject($0) }
    return Dictionary(
      uniqueKeysWithValues: checks.map { ($0.string("id") ?? "", $0.string("result") ?? "") })
  }

  @Test func `what is created verifies, and shows what it was made of`() throws {
    let (family, image) = (String(repeating: "01", count: 16), String(repeating: "02", count: 16))
    let files = try create(
      "--author-key", authorKey, "--family-id", family, "--image-id", image, "--guest-svn", "9", "--policy",
      "SMT,SINGLE_SOCKET")
    let shown = try sandbox.cvmctl.succeed(["-o", "json", "idblock", "show"] + files).object()
    #expect(shown.string("measurement") == Self.digest && shown.number("guestSvn") == 9)
    #expect(shown.string("familyId") == family && shown.string("imageId") == image)
    #expect(shown.string("policy") == "0x0000000000130000")
    let (id, author) = (shown.string("idKeyDigest") ?? "", shown.string("authorKeyDigest") ?? "")
    let outcome = try verify(
      files, "--measurement", Self.digest, "--trusted-id-key-hash", id, "--trusted-author-key-hash", author)
    #expect(outcome.status == 0)
    #expect(try Set(results(outcome).values) == ["pass"] && results(outcome).count == 8)
  }

  @Test func `the files hold base64 or the bytes, and the element for libvirt both`() throws {
    let files = try create("--author-key", authorKey)
    let block = try String(contentsOfFile: files[0], encoding: .utf8)
    let element = try sandbox.cvmctl.succeed(["idblock", "show"] + files + ["--libvirt"]).stdout
    #expect(element.hasPrefix("<launchSecurity type='sev-snp' authorKey='yes'>\n"))
    #expect(element.contains("<policy>0x0000000000030000</policy>"))
    #expect(element.contains("<idBlock>\(block)</idBlock>"))
    try create("--binary", out: "raw")
    let raw = ["raw_idblock.bin", "raw_idauth.bin"].map(sandbox.file)
    let data = try raw.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    #expect(data.map(\.count) == [96, 4096] && data[0].base64EncodedString() == block)
    #expect(try verify(raw, "--measurement", Self.digest).status == 0)
    let plain = try sandbox.cvmctl.succeed(["idblock", "show"] + raw + ["--libvirt"]).stdout
    #expect(plain.hasPrefix("<launchSecurity type='sev-snp'>\n"))
  }

  @Test func `a key of the vault signs, and the use is recorded`() throws {
    try sandbox.succeed("key", "create", "signer", "--algorithm", "p384")
    try sandbox.succeed("key", "create", "disk")
    let words = ["idblock", "create", "--measurement", Self.digest, "--out", sandbox.file("v"), "--id-key"]
    try sandbox.cvmctl.succeed(words + ["key:signer"])
    #expect(try verify(["v_idblock.b64", "v_idauth.b64"].map(sandbox.file)).status == 0)
    #expect(try sandbox.object("key", "show", "signer").object("key")?.number("uses") == 1)
    #expect(try sandbox.list("audit", "list").contains { $0.string("act") == "key.sign" })
    let other = ["idblock", "create", "--measurement", Self.digest, "--out", sandbox.file("w"), "--id-key"]
    #expect(try sandbox.cvmctl.run(other + ["key:disk"]).status == 2)
    #expect(try sandbox.cvmctl.run(other + ["key:absent"]).status == 3)
    try sandbox.succeed("key", "revoke", "signer", "--reason", "ceased")
    #expect(try sandbox.cvmctl.run(other + ["key:signer"]).status == 11)
    #expect(
      try !FileManager.default.contentsOfDirectory(atPath: sandbox.directory.path).contains {
        $0.hasPrefix("w_")
      })
  }

  @Test func `another launch is a mismatch, anything else a refusal`() throws {
    let files = try create("--author-key", authorKey)
    let other = try verify(files, "--measurement", String(repeating: "ac", count: 48))
    #expect(try other.status == 10 && results(other)["measurement"] == "fail")
    let stranger = try verify(files, "--trusted-id-key-hash", Self.digest)
    #expect(try stranger.status == 12 && results(stranger)["trusted.id-key"] == "fail")
    let author = try verify(files, "--trusted-author-key-hash", Self.digest)
    #expect(try author.status == 12 && results(author)["trusted.author-key"] == "fail")
    let foreign = try create("--author-key", authorKey, "--guest-svn", "1", out: "y")
    let mixed = try verify([foreign[0], files[1]])
    #expect(try mixed.status == 12 && results(mixed)["signature.id-block"] == "fail")
  }

  @Test(arguments: [
    (0, 0x50, "format.id-block"), (1, 0x700, "format.id-auth"), (1, 0x41, "signature.id-block"),
    (1, 0x681, "signature.id-key"), (0, 0x30, "signature.id-block"),
  ]) func `a changed byte fails its check`(_ file: Int, _ offset: Int, _ check: String) throws {
    try create("--author-key", authorKey, "--binary")
    var files = ["x_idblock.bin", "x_idauth.bin"].map(sandbox.file)
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: files[file])))
    bytes[offset] ^= 0x40
    files[file] = try sandbox.directory.write(Data(bytes), to: "changed")
    let outcome = try verify(files)
    #expect(try outcome.status == 12 && results(outcome)[check] == "fail", "\(outcome.stdout)")
    #expect(try results(outcome).values.count { $0 == "fail" } == 1)
    files[file] = try sandbox.directory.write(Data(bytes.dropLast()), to: "short")
    #expect(try verify(files).status == 12)
  }

  @Test func `an IGVM file gives launch and policy`() throws {
    let igvm = try sandbox.directory.write(Data(ExampleIGVM.file), to: "x.igvm")
    let words = ["idblock", "create", "--igvm", igvm, "--id-key", idKey, "--out"]
    let made = try sandbox.cvmctl.succeed(["-o", "json"] + words + [sandbox.file("i")]).object()
    #expect(made.string("measurement") == ExampleIGVM.digest)
    #expect(try verify(["i_idblock.b64", "i_idauth.b64"].map(sandbox.file), "--igvm", igvm).status == 0)
    let other = words + [sandbox.file("j"), "--policy", "0x130000"]
    #expect(try sandbox.cvmctl.run(other).status == 4)
    try create("--policy", "0x130000", out: "k")
    let outcome = try verify(["k_idblock.b64", "k_idauth.b64"].map(sandbox.file), "--igvm", igvm)
    #expect(try results(outcome)["policy"] == "fail" && results(outcome)["measurement"] == "fail")
  }

  @Test func `what must not be signed is refused`() throws {
    let open = try sandbox.directory.write(ExampleKey.pem(1), to: "open.pem", mode: 0o644)
    let text = try sandbox.directory.write("no key", to: "text.pem", mode: 0o600)
    func refuses(_ refusal: Refusal, _ more: String...) throws {
      let words = ["idblock", "create", "--out", sandbox.file("n")]
      let outcome = try sandbox.cvmctl.run(words + more)
      #expect(outcome.status == refusal.rawValue, "\(more): \(outcome.stderr)")
    }
    let launch = ["--measurement", Self.digest]
    try refuses(.permission, launch[0], launch[1], "--id-key", open)
    try refuses(.usage, launch[0], launch[1], "--id-key", text)
    try refuses(.notFound, launch[0], launch[1], "--id-key", sandbox.file("absent"))
    try refuses(.usage, "--id-key", idKey)
    try refuses(.usage, "--measurement", "abab", "--id-key", idKey)
    try refuses(.usage, launch[0], launch[1], "--id-key", idKey, "--family-id", "00")
    try refuses(.policyViolation, launch[0], launch[1], "--id-key", idKey, "--policy", "0xb0000")
    try refuses(.policyViolation, launch[0], launch[1], "--id-key", idKey, "--policy", "0x10000")
    try create()
    let again = ["idblock", "create", "--measurement", Self.digest, "--id-key", idKey, "--out"]
    #expect(try sandbox.cvmctl.run(again + [sandbox.file("x")]).status == 4)
    let told = try sandbox.cvmctl.succeed(
      again + [sandbox.file("d"), "--policy", "0xf0000", "--allow-debug"])
    #expect(told.stderr.contains("read and write") && told.stderr.contains("migration agent"))
  }
}
