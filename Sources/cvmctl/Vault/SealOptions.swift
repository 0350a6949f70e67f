import ArgumentParser
import CVMCore
import CVMCrypto
import Vault

extension SealKind: ExpressibleByArgument {}

enum PassphraseKDF: String, CaseIterable, ExpressibleByArgument, Sendable {
  case pbkdf2, scrypt
}

/// What the root key is to be sealed by.
struct NewSealOptions: ParsableArguments {
  @Option(help: ArgumentHelp("file, passphrase, shamir, pkcs11 or tpm2. Required.", valueName: "kind"))
  var seal: SealKind
  @OptionGroup var passphrase: PassphraseOption
  @Option(help: ArgumentHelp("pbkdf2 (default) or scrypt, for a passphrase.", valueName: "kdf"))
  var kdf: PassphraseKDF?
  @Option(
    help: ArgumentHelp("PBKDF2's iterations; 600000 is the default and the least.", valueName: "number"))
  var iterations: UInt32?
  @Option(help: ArgumentHelp("scrypt's N, a power of two; 131072 otherwise.", valueName: "number"))
  var cost: UInt32?
  @Option(help: ArgumentHelp("How many shares to make, for shamir; 5 otherwise.", valueName: "number"))
  var shares: Int?
  @Option(help: ArgumentHelp("How many of them open the vault; 3 otherwise.", valueName: "number"))
  var threshold: Int?
  @Option(help: ArgumentHelp("The directory for shares, one new file each.", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("The PKCS#11 module, by its absolute path.", valueName: "file"))
  var module: String?
  @Option(help: ArgumentHelp("The token's label.", valueName: "label")) var token: String?
  @OptionGroup var pin: PINOption
  @Option(
    help: ArgumentHelp("The TPM's PCRs that have to be as now; sha256:7,11 otherwise.", valueName: "pcrs"))
  var pcrs: String?
  @Option(help: ArgumentHelp("The TPM; the machine's own otherwise.", valueName: "address"))
  var tcti: String?
  @Flag(help: "The TPM asks for a PIN too, which is typed unless --pin-file names it.") var withPin = false

  /// Options that do not go together.
  func check() throws {
    let ofPassphrase = passphrase.passphraseFile != nil || kdf != nil || iterations != nil || cost != nil
    let ofShares = shares != nil || threshold != nil || out != nil
    if seal != .passphrase && ofPassphrase {
      throw ValidationError("--passphrase-file, --kdf, --iterations and --cost go with --seal passphrase")
    }
    if seal != .shamir && ofShares {
      throw ValidationError("--shares, --threshold and --out go with --seal shamir")
    }
    if seal != .pkcs11 && (module != nil || token != nil) {
      throw ValidationError("--module and --token go with --seal pkcs11")
    }
    if seal != .tpm2 && (pcrs != nil || tcti != nil || withPin) {
      throw ValidationError("--pcrs, --tcti and --with-pin go with --seal tpm2")
    }
    if seal != .pkcs11 && seal != .tpm2 && pin.pinFile != nil {
      throw ValidationError("--pin-file goes with --seal pkcs11 or tpm2")
    }
    if let pcrs, PCRSelection(pcrs) == nil {
      throw ValidationError("--pcrs: a bank, sha256 or sha384, and numbers from 0 to 23, as in sha256:7,11")
    }
    if let tcti, TPMAddress(tcti) == nil {
      throw ValidationError("--tcti: device:FILE, swtpm:…, mssim:… or tabrmd:…")
    }
    if seal == .pkcs11 && (module == nil || token == nil) {
      throw ValidationError("say which token seals: --module FILE --token LABEL")
    }
    if seal == .shamir && out == nil { throw ValidationError("say where the shares go: --out DIR") }
    if kdf == .scrypt ? iterations != nil : cost != nil {
      throw ValidationError("--iterations goes with PBKDF2, --cost with --kdf scrypt")
    }
    if let iterations, !PassphraseSeal.iterations.contains(iterations) {
      throw ValidationError("--iterations: between 600000 and 50000000")
    }
    if let cost, !PassphraseSeal.costs.contains(cost) || cost.nonzeroBitCount != 1 {
      throw ValidationError("--cost: a power of two between 16384 and 1048576")
    }
    guard Shamir.counts.contains(shares ?? 5), 2...(shares ?? 5) ~= threshold ?? 3 else {
      throw ValidationError("--threshold: between 2 and the number of shares, which is at most 255")
    }
  }

  /// Reads or asks for a passphrase where one is needed.
  func newSeal() throws -> SealedVault.NewSeal {
    switch seal {
    case .file: .file
    case .shamir: .shamir(threshold: threshold ?? 3, shares: shares ?? 5)
    case .passphrase: .passphrase(try passphrase.new(), derivation)
    case .pkcs11: .pkcs11(try tokenSeal(), pin: try pin.read())
    case .tpm2:
      .tpm2(pcrs.flatMap(PCRSelection.init) ?? .usual, pin: try pinOfTPM(), tcti.flatMap(TPMAddress.init))
    }
  }

  private func pinOfTPM() throws -> SecretBytes? {
    guard withPin || pin.pinFile != nil else { return nil }
    let typed = try pin.new()
    let hasZero = typed.withBytes { unsafe $0.contains(0) }
    guard TPMSeal.pinSizes.contains(typed.count), !hasZero else {
      throw UsageError("the PIN of a TPM has 1 to \(TPMSeal.pinSizes.upperBound) bytes, none of them zero")
    }
    return typed
  }

  private func tokenSeal() throws -> TokenSeal {
    do {
      return try TokenSeal(label: token ?? "", module: module ?? "")
    } catch {
      throw UsageError("--token is a label of 1 to 32 bytes, --module an absolute path")
    }
  }

  private var derivation: PasswordKDF {
    guard kdf == .scrypt else {
      return iterations.map { .pbkdf2(iterations: $0) } ?? PassphraseSeal.defaultKDF
    }
    return cost.map { .scrypt(n: $0, r: 8, p: 1) } ?? PassphraseSeal.defaultScrypt
  }
}

/// What opens the root key.
struct OpeningOptions: ParsableArguments {
  @OptionGroup var passphrase: PassphraseOption
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A share of the vault's key; as many as it takes.", valueName: "file"))
  var share: [String] = []
  @OptionGroup var pin: PINOption
  @Option(help: ArgumentHelp("End after so long without a use; 15m otherwise.", valueName: "age"))
  var idle: String?

  func idleSeconds() throws -> Int {
    guard let seconds = try KeyRotation.age(idle ?? "15m"), seconds <= 30 * 86_400 else {
      throw UsageError("--idle: at most 30d")
    }
    return Int(seconds)
  }

  func read(for stored: RootKey.Stored) throws -> SealedRootKey.Opening {
    guard case .sealed(let sealed) = stored else { throw CoreError.vault(.otherSeal(stored.kind)) }
    let given: [SealedRootKey.Need?] = [
      passphrase.passphraseFile.map { _ in .passphrase }, share.isEmpty ? nil : .shares,
      pin.pinFile.map { _ in .pin },
    ]
    guard given.allSatisfy({ $0 == nil || $0 == sealed.needs }) else {
      throw CoreError.vault(.otherSeal(sealed.kind))
    }
    switch sealed.needs {
    case .nothing: return .machine
    case .passphrase: return .passphrase(try passphrase.existing())
    case .pin: return .pin(try pin.read())
    case .shares where !share.isEmpty:
      guard !share.contains(where: { $0.hasPrefix("cvmshare-") }) else {
        throw UsageError("--share takes a file: others can see arguments", hint: "--share FILE, fd:N or -")
      }
      return .shares(try share.map { try ShareFiles.read(PassphraseSource.path($0)) })
    case .shares: throw CoreError.vault(.otherSeal(sealed.kind))
    }
  }
}

struct PINOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the PIN of the token or TPM is: a file that only you can read, fd:N or -.", valueName: "file"))
  var pinFile: String?

  func read() throws -> SecretBytes {
    if let pinFile { return try PassphraseSource.line(pinFile) }
    return try HiddenPrompt.read("PIN of the vault's token or TPM: ")
  }

  /// A new one: typed twice.
  func new() throws -> SecretBytes {
    if let pinFile { return try PassphraseSource.line(pinFile) }
    return try HiddenPrompt.readTwice("New PIN of the vault: ")
  }
}

struct PassphraseOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the passphrase is: a file that only you can read, fd:N or -.", valueName: "file"))
  var passphraseFile: String?

  /// The shortest passphrase for a new seal, in bytes.
  private static let shortest = 8

  func existing() throws -> SecretBytes {
    if let passphraseFile { return try PassphraseSource.line(passphraseFile) }
    return try HiddenPrompt.read("Passphrase of the vault: ")
  }

  /// A new one: typed twice.
  func new() throws -> SecretBytes {
    let passphrase: SecretBytes
    if let passphraseFile {
      passphrase = try PassphraseSource.line(passphraseFile)
    } else {
      passphrase = try HiddenPrompt.readTwice("New passphrase of the vault: ")
    }
    guard passphrase.count >= Self.shortest else {
      throw UsageError("a passphrase has at least \(Self.shortest) bytes")
    }
    return passphrase
  }
}

/// Where a secret comes from: a file, `fd:N`, or `-` for standard input.
enum PassphraseSource {
  static func path(_ name: String) -> String {
    if name == "-" { return "/dev/fd/0" }
    return name.hasPrefix("fd:") ? "/dev/fd/" + name.dropFirst(3) : name
  }

  /// All of it without the line end.
  static func line(_ name: String) throws -> SecretBytes {
    let whole = try InputFile.readSecret(path(name), limit: 4096)
    let count = whole.withBytes { bytes in
      var count = bytes.count
      if count > 0, unsafe bytes[count - 1] == UInt8(ascii: "\n") { count -= 1 }
      if count > 0, unsafe bytes[count - 1] == UInt8(ascii: "\r") { count -= 1 }
      return count
    }
    guard count > 0, let line = whole.slice(0..<count) else {
      throw UsageError("\(name): nothing in it")
    }
    return line
  }
}
