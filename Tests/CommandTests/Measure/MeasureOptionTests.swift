import Bytes
import Foundation
import TestHarness
import Testing

/// `measure` from files and options. That its digests are right is a peer's to say (`SEVSNPMeasureTests`).
@Suite("measure --mode") struct MeasureOptionTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    try sandbox.directory.write("kernel\n", to: "kernel")
    try sandbox.directory.write("initrd\n", to: "initrd")
    try sandbox.directory.write(Self.firmware(), to: "snp.fd")
  }

  /// 8 KiB of zeros with a table and SEV metadata: secrets, CPUID, kernel hashes.
  private static func firmware(hasMetadata: Bool = true, version: UInt32 = 1, reset: UInt32 = 0x80_B004)
    -> Data
  {
    var metadata = Array("ASEV".utf8) + UInt32(52).littleEndianBytes + version.littleEndianBytes
    metadata += UInt32(3).littleEndianBytes
    for (base, type) in [(UInt32(0x80_D000), UInt32(2)), (0x80_E000, 3), (0x81_0000, 0x10)] {
      metadata += base.littleEndianBytes + UInt32(4096).littleEndianBytes + type.littleEndianBytes
    }
    var table: [UInt8] = []
    func add(_ guid: String, _ data: [UInt8]) {
      table += data + UInt16(data.count + 18).littleEndianBytes + (GUID(guid)?.bytes ?? [])
    }
    if hasMetadata { add("dc886566-984a-4798-a75e-5585a7bf67cc", UInt32(0x2000 - 0x100).littleEndianBytes) }
    add(
      "7255371f-3a3b-4b04-927b-1da6efa8d454",
      UInt32(0x81_0C00).littleEndianBytes + UInt32(0x400).littleEndianBytes)
    add("00f771de-1a7e-4fcb-890e-68c77e2fb44e", reset.littleEndianBytes)
    table += UInt16(table.count + 18).littleEndianBytes
    table += GUID("96b582de-1fb2-45f7-baea-a366c55a082d")?.bytes ?? []
    var image = [UInt8](repeating: 0, count: 0x2000)
    image.replaceSubrange(0x100..<(0x100 + metadata.count), with: metadata)
    image.replaceSubrange((0x1FE0 - table.count)..<0x1FE0, with: table)
    return Data(image)
  }

  private func measure(_ options: String...) throws -> String {
    try sandbox.bare.succeed(["measure", "--ovmf", sandbox.file("snp.fd")] + options).stdout
  }

  private func refuses(_ refusal: Refusal, _ options: String) throws {
    let words = options.split(separator: " ").map(String.init)
    let outcome = try sandbox.bare.run(["measure", "--ovmf", sandbox.file("snp.fd")] + words)
    expect(outcome, is: refusal)
  }

  private static let hex = "0123456789abcdef"

  @Test func `a digest alone is 48 bytes of hex and a newline`() throws {
    let text = try measure("--mode", "sev-snp", "--vcpus", "2", "--vcpu-type", "EPYC-v4")
    #expect(text.count == 97 && text.hasSuffix("\n") && text.dropLast().allSatisfy(Self.hex.contains))
    let base64 = try measure(
      "--mode", "snp", "--vcpus", "2", "--vcpu-type", "EPYC-v4", "--output-format", "base64")
    #expect(Data(base64Encoded: String(base64.dropLast())).map { Hex.encode(Array($0)) + "\n" } == text)
    #expect(!FileManager.default.fileExists(atPath: sandbox.state))
  }

  @Test func `a sweep is a line each, in order`() throws {
    let lines = try measure(
      "--mode", "sev-snp", "--vcpus", "1,3-4", "--vcpu-type", "EPYC-Milan,EPYC-Rome", "--vcpu-type",
      "EPYC-Turin"
    ).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(
      lines.map { $0.prefix(2).joined(separator: " ") } == [
        "1 EPYC-Milan", "3 EPYC-Milan", "4 EPYC-Milan", "1 EPYC-Rome", "3 EPYC-Rome", "4 EPYC-Rome",
        "1 EPYC-Turin", "3 EPYC-Turin", "4 EPYC-Turin",
      ])
    #expect(Set(lines.map { $0[2] }).count == 9)
    for line in lines {
      #expect(
        try measure("--mode", "sev-snp", "--vcpus", line[0], "--vcpu-type", line[1]) == line[2] + "\n")
    }
    // A range of one is a sweep all the same.
    #expect(
      try measure("--mode", "sev-snp", "--vcpus", "1-1", "--vcpu-type", "EPYC-Milan").hasPrefix(
        "1 EPYC-Milan "))
  }

  @Test func `kernels and command lines are combined, RAM disks belong to kernels`() throws {
    let (kernel, initrd) = (sandbox.file("kernel"), sandbox.file("initrd"))
    let lines = try measure(
      "--mode", "sev", "--kernel", kernel, "--kernel", initrd, "--initrd", initrd, "--initrd", kernel,
      "--append",
      "a", "--append", "-b"
    ).split(separator: "\n").map(String.init)
    #expect(lines.count == 4 && Set(lines).count == 4 && lines.allSatisfy { $0.hasPrefix("- - ") })
    let last = try measure("--mode", "sev", "--kernel", initrd, "--initrd", kernel, "--append", "-b")
    #expect(lines[3] == "- - " + last.dropLast())
  }

  @Test(arguments: ["sev", "sev-es", "sev-snp"]) func `hashes do in place of files`(_ mode: String) throws {
    func sha256(_ text: String) throws -> String {
      let file = try sandbox.directory.write(text, to: "hashed")
      return String(try Tool("/usr/bin/sha256sum").succeed(file).stdout.prefix(64))
    }
    let common = ["--mode", mode, "--vcpus", "2", "--vcpu-type", "EPYC-Milan"]
    let words = ["measure", "--ovmf", sandbox.file("snp.fd")] + common
    let files = try sandbox.bare.succeed(
      words + ["--kernel", sandbox.file("kernel"), "--initrd", sandbox.file("initrd"), "--append", "ro"])
    let hashes = try sandbox.bare.succeed(
      words + [
        "--kernel-hash", try sha256("kernel\n"), "--initrd-hash", try sha256("initrd\n"), "--append-hash",
        try sha256("ro\0"),
      ])
    #expect(files.stdout == hashes.stdout)
  }

  @Test func `a signature, its parts and its model are the same`() throws {
    let common = ["--mode", "sev-snp", "--vcpus", "1"]
    let named = try sandbox.bare.succeed(
      ["measure", "--ovmf", sandbox.file("snp.fd")] + common + ["--vcpu-type", "EPYC-Milan"]
    ).stdout
    for other in [
      ["--vcpu-sig", "0xa00f11"], ["--vcpu-sig", "10489617"],
      ["--vcpu-family", "25", "--vcpu-model", "1", "--vcpu-stepping", "1"],
      ["--vcpu-type", "EPYC-Rome", "--vcpu-sig", "0xa00f11"],
    ] {
      #expect(
        try sandbox.bare.succeed(["measure", "--ovmf", sandbox.file("snp.fd")] + common + other).stdout
          == named)
    }
  }

  @Test func `the digest behind the firmware can be printed and given`() throws {
    let digest = try measure("--mode", "sev-snp", "--ovmf-hash")
    #expect(try measure("--mode", "snp:ovmf-hash") == digest)
    let options = ["--mode", "sev-snp", "--vcpus", "4", "--vcpu-type", "EPYC-v4"]
    let words = ["measure", "--ovmf", sandbox.file("snp.fd")] + options
    #expect(
      try sandbox.bare.succeed(words + ["--snp-ovmf-hash", String(digest.dropLast())]).stdout
        == sandbox.bare.succeed(words).stdout)
  }

  @Test func `an explanation ends with the digest, and says so in JSON`() throws {
    let options = ["--mode", "sev-snp", "--vcpus", "2", "--vcpu-type", "EPYC-v4"]
    let words = ["measure", "--ovmf", sandbox.file("snp.fd")] + options
    let digest = try sandbox.bare.succeed(words).stdout.dropLast()
    let lines = try sandbox.bare.succeed(words + ["--explain"]).stdout.split(separator: "\n")
    #expect(lines.first?.hasPrefix("GPA ") == true && lines.count == 1 + 6 + 1)
    #expect(lines[6].hasSuffix(digest) && lines[6].hasPrefix("0xfffffffff000 ") && lines[7] == digest)
    let object = try sandbox.bare.succeed(words + ["--explain", "-o", "json"]).object()
    let steps = try #require(object.values["steps"] as? [[String: Any]])
    #expect(
      steps.compactMap { $0["content"] as? String } == [
        "firmware", "secrets", "cpuid", "kernel-hashes", "vmsa-0", "vmsa-1",
      ])
    #expect(steps.last?["digest"] as? String == String(digest) && object.string("digest") == String(digest))
  }

  @Test func `VMSA pages are written, and never over a file`() throws {
    let scratch = try ScratchDirectory()
    let command = "cd \"$0\" && exec \"$@\""
    let words = [
      Program.cvmctl, "measure", "--ovmf", sandbox.file("snp.fd"), "--dump-vmsa", "--vcpu-type", "EPYC",
    ]
    func run(_ more: String...) throws -> Outcome {
      try Tool("/bin/bash").run(["-c", command, scratch.path] + words + more)
    }
    #expect(try run("--mode", "sev-snp", "--vcpus", "2").status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == [
        "vmsa0.bin", "vmsa1.bin",
      ])
    let page = try Data(contentsOf: URL(fileURLWithPath: scratch.file("vmsa1.bin")))
    #expect(page.count == 4096)
    try FileManager.default.removeItem(atPath: scratch.file("vmsa0.bin"))
    let again = try run("--mode", "sev-es", "--vcpus", "2")
    #expect(again.status == 4 && again.stdout.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["vmsa1.bin"])
    #expect(try run("--mode", "sev").status == 2)
    #expect(try run("--mode", "sev-es", "--vcpus", "1,2").status == 2)
  }

  @Test func `an SVSM guest has two images`() throws {
    let svsm = try sandbox.directory.write(Self.firmware(), to: "no-svsm")
    // An image without SVSM information.
    try refuses(
      .unsupported, "--mode sev-snp-svsm --svsm \(svsm) --vars-size 4096 --vcpus 1 --vcpu-type EPYC")
    try refuses(.usage, "--mode sev-snp-svsm --vars-size 4096 --vcpus 1 --vcpu-type EPYC")
    try refuses(.usage, "--mode sev-snp-svsm --svsm \(svsm) --vcpus 1 --vcpu-type EPYC")
    try refuses(.usage, "--mode sev-snp --svsm \(svsm) --vcpus 1 --vcpu-type EPYC")
  }

  @Test(arguments: [
    "", "--mode sev-snp", "--mode sev-snp --vcpus 1", "--mode sev-snp --vcpu-type EPYC", "--mode nosuch",
    "--mode sev-snp --vcpus 0 --vcpu-type EPYC", "--mode sev-snp --vcpus 4097 --vcpu-type EPYC",
    "--mode sev-snp --vcpus 3-1 --vcpu-type EPYC", "--mode sev-snp --vcpus 1, --vcpu-type EPYC",
    "--mode sev-snp --vcpus 1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1-4096,1 --vcpu-type EPYC",
    "--mode sev-snp --vcpus 1 --vcpu-type Xeon", "--mode sev-snp --vcpus 1 --vcpu-type EPYC,",
    "--mode sev-snp --vcpus 1 --vcpu-family 25", "--mode sev-snp --vcpus 1 --vcpu-sig x",
    "--mode sev-snp --vcpus 1 --vcpu-type EPYC,EPYC-Rome --vcpu-sig 1",
    "--mode sev-snp --vcpus 1 --vcpu-type EPYC --initrd /x",
    "--mode sev-snp --vcpus 1 --vcpu-type EPYC --append x",
    "--mode sev-snp --vcpus 1 --vcpu-type EPYC --kernel-hash 00",
    "--mode sev-snp --vcpus 1 --vcpu-type EPYC --snp-ovmf-hash 00", "--mode sev --snp-ovmf-hash 00",
    "--mode sev --ovmf-hash", "--mode sev-snp --vcpus 1 --vcpu-type EPYC --vmsa-generation init",
    "--mode sev --vmsa-generation init2", "--mode sev-snp --vcpus 1 --vmm-type xen --vcpu-type EPYC",
    "--mode sev --guest g", "--guest-file g --vcpus 1",
  ]) func `refuses what makes no sense`(_ options: String) throws {
    try refuses(.usage, options)
  }

  @Test func `refuses an image that cannot launch, with the offset`() throws {
    func message(_ image: Data, _ more: String...) throws -> (Int32, String) {
      try sandbox.directory.write(image, to: "snp.fd")
      let outcome = try sandbox.bare.run(
        ["measure", "--mode", "sev-snp", "--ovmf", sandbox.file("snp.fd"), "--vcpu-type", "EPYC"] + more)
      #expect(outcome.stdout.isEmpty == (outcome.status != 0))
      return (outcome.status, outcome.stderr)
    }
    let none = try message(Self.firmware(hasMetadata: false), "--vcpus", "1")
    #expect(none.0 == 5 && none.1.contains("(offset \(0x1FE0 - 66)) names no SEV metadata"))
    let version = try message(Self.firmware(version: 2), "--vcpus", "1")
    #expect(version.0 == 2 && version.1.contains("offset \(0x108): version is 0x2"))
    let zero = try message(Self.firmware(reset: 0), "--vcpus", "2")
    #expect(zero.0 == 5 && zero.1.contains("reset block (offset \(0x1FE0 - 18 - 22)) has the address 0"))
    #expect(try message(Self.firmware(reset: 0), "--vcpus", "1").0 == 0)
  }
}
