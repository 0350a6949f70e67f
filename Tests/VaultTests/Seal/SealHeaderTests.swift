import Bytes
import CVMCrypto
import Testing
import Vault

/// What sealed root keys of tokens and TPMs are refused for: each file has one defect, and a check that fits.
@Suite("Headers of seals") struct SealHeaderTests {
  /// A file of that kind with these parameters; nothing opens it.
  private static func file(_ kind: UInt8, _ parameters: [UInt8]) throws -> [UInt8] {
    let size = UInt16(parameters.count)
    var file = Array("CVMR".utf8) + [2, kind, 0, 0] + [UInt8](repeating: 7, count: 16)
    file += [UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8), 0, 0] + parameters
    file += [UInt8](repeating: 9, count: 12 + 48)
    return file + (try SHA256.hash(file))
  }

  private static func token(_ label: [UInt8], _ module: [UInt8], _ sizes: [UInt8]? = nil) -> [UInt8] {
    (sizes ?? [UInt8(label.count), 0, UInt8(module.count), 0]) + label + module
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static func tpm(
    bank: [UInt8] = [0x0B, 0], flags: UInt8 = 0, reserved: UInt8 = 0, pcrs: [UInt8] = [0x80, 8, 0, 0],
    parent: [UInt8] = [0, 0x0B], publicArea: [UInt8] = [0, 2, 5, 5], privateArea: [UInt8] = [0, 3, 6, 6, 6],
    tcti: String = "swtpm:path=/x", sizes: [UInt8]? = nil
  ) -> [UInt8] {
    let sizes = sizes ?? [UInt8(publicArea.count), 0, UInt8(privateArea.count), 0, UInt8(tcti.utf8.count), 0]
    return bank + [flags, reserved] + pcrs + parent + [UInt8](repeating: 1, count: 32) + sizes + publicArea
      + privateArea + Array(tcti.utf8)
  }

  struct Defect: CustomTestStringConvertible, Sendable {
    let name: String
    let kind: UInt8
    let field: String
    /// Of the file.
    let offset: Int
    let parameters: [UInt8]

    init(_ name: String, _ kind: UInt8, _ field: String, _ offset: Int, _ parameters: [UInt8]) {
      self.name = name
      self.kind = kind
      self.field = field
      self.offset = offset
      self.parameters = parameters
    }

    var testDescription: String { name }
  }

  private static let tokens: [Defect] = [
    Defect("a label of no bytes", 4, "LABEL", 0x1C, token([], text("/lib/m.so"))),
    Defect("a label of 33 bytes", 4, "LABEL", 0x1C, token([UInt8](repeating: 65, count: 33), text("/m"))),
    Defect("a label with a zero", 4, "LABEL", 0x1C, token([65, 0, 66], text("/lib/m.so"))),
    Defect("a label that is no UTF-8", 4, "LABEL", 0x1C, token([0xFF], text("/lib/m.so"))),
    Defect("a label that is longer than all", 4, "LABEL", 0x1C, token([65], text("/m"), [0xFF, 0xFF, 2, 0])),
    Defect(
      "a module that is longer than all", 4, "LABEL", 0x1C, token([65], text("/m"), [1, 0, 0xFF, 0xFF])),
    Defect("something behind the module", 4, "LABEL", 0x1C, token([65], text("/mmm"), [1, 0, 2, 0])),
    Defect("no module", 4, "MODULE", 0x1E, token([65, 66], [])),
    Defect("a module by a relative path", 4, "MODULE", 0x1E, token([65], text("lib/m.so"))),
    Defect("a module with a zero", 4, "MODULE", 0x1E, token([65], text("/lib\0/m.so"))),
    Defect("a module that is no UTF-8", 4, "MODULE", 0x1E, token([65], [0x2F, 0xC0, 0x80])),
    Defect("parameters of 5 bytes", 4, "LENGTH", 0x18, [1, 0, 0, 0, 65]),
  ]

  private static let tpms: [Defect] = [
    Defect("a bank of SHA-1", 5, "BANK", 0x1C, tpm(bank: [4, 0])),
    Defect("an unknown flag", 5, "FLAGS", 0x1E, tpm(flags: 4)),
    Defect("a reserved byte", 5, "reserved", 0x1F, tpm(reserved: 1)),
    Defect("no PCRs", 5, "PCRS", 0x20, tpm(pcrs: [0, 0, 0, 0])),
    Defect("PCR 24", 5, "PCRS", 0x20, tpm(pcrs: [0, 0, 0, 1])),
    Defect("a parent's name of another hash", 5, "PARENT", 0x24, tpm(parent: [0, 0x0C])),
    Defect("a public area of 2 bytes", 5, "PUBLIC", 0x46, tpm(publicArea: [0, 0])),
    Defect("a public area of 65535 bytes", 5, "PUBLIC", 0x46, tpm(sizes: [0xFF, 0xFF, 5, 0, 13, 0])),
    Defect("a public area of another size", 5, "PUBLIC", 0x46, tpm(sizes: [3, 0, 5, 0, 13, 0])),
    Defect("a public area that says so", 5, "public", 0x4C, tpm(publicArea: [0, 3, 5, 5])),
    Defect("a private area of 2 bytes", 5, "PRIVATE", 0x48, tpm(privateArea: [0, 0])),
    Defect("a private area of 65535 bytes", 5, "PRIVATE", 0x48, tpm(sizes: [4, 0, 0xFF, 0xFF, 13, 0])),
    Defect("a private area that says so", 5, "private", 0x50, tpm(privateArea: [1, 3, 6, 6, 6])),
    Defect("an address of 257 bytes", 5, "TCTI", 0x4A, tpm(sizes: [4, 0, 5, 0, 1, 1])),
    Defect("a library as an address", 5, "tcti", 0x55, tpm(tcti: "/tmp/evil.so:x")),
    Defect("a program as an address", 5, "tcti", 0x55, tpm(tcti: "cmd:touch /tmp/x")),
    Defect("an address with a line end", 5, "tcti", 0x55, tpm(tcti: "swtpm:path=/x\n")),
  ]

  @Test(arguments: tokens + tpms) func `are refused where they are wrong`(_ defect: Defect) throws {
    let file = try Self.file(defect.kind, defect.parameters)
    let error = #expect(throws: FormatError.self) { try SealedRootKey(parsing: file) }
    guard case .invalid(let field, _) = error?.problem else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(field == defect.field && error?.offset == defect.offset, "\(String(describing: error))")
  }

  @Test func `without a defect are read`() throws {
    #expect(try SealedRootKey(parsing: Self.file(4, Self.token([65], Self.text("/m")))).kind == .pkcs11)
    for tcti in ["", "device:/dev/tpm0", "mssim", "swtpm:host=::1,port=2321"] {
      #expect(try SealedRootKey(parsing: Self.file(5, Self.tpm(tcti: tcti))).needs == .nothing)
    }
    #expect(try SealedRootKey(parsing: Self.file(5, Self.tpm(flags: 3))).needs == .pin)
  }

  @Test func `PCRs are a bank and numbers`() {
    for text in ["sha256:7,11", "sha384:0", "sha256:0,23"] { #expect(PCRSelection(text)?.text == text) }
    #expect(PCRSelection("sha256:11,7,7")?.text == "sha256:7,11")
    for text in [
      "", "sha256", "sha256:", "sha1:7", "sha256:24", "sha256:-1", "sha256:7,", "sha256:7:8", "sha256:+7",
      "sha256: 7", "sha256:99999999999999999999",
    ] {
      #expect(PCRSelection(text) == nil, "\(text)")
    }
  }
}
