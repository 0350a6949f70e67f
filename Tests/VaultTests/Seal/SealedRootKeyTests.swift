import Bytes
import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

@Suite("Sealed root key") struct SealedRootKeyTests {
  private let scratch = Scratch()
  private let file = "vault/root.key"

  private func outside() throws -> SealedVault {
    try #require(try SealedVault(of: scratch.store(), create: true, patience: .seconds(5)))
  }

  /// A vault under a seal; the shares of one by shares.
  @discardableResult
  private func sealed(_ seal: SealedVault.NewSeal) throws -> [KeyShare] {
    let vault = try outside()
    let draft = try vault.freshRoot(under: seal)
    try vault.create(draft)
    return draft.shares
  }

  private func stored() throws -> SealedRootKey {
    guard case .sealed(let sealed) = try outside().requireStored() else {
      throw VaultError.rootDamaged(path: file)
    }
    return sealed
  }

  private static let kdfs: [PasswordKDF] = [.pbkdf2(iterations: 600_000), .scrypt(n: 1 << 14, r: 8, p: 1)]

  @Test(arguments: kdfs) func `a passphrase opens it, another does not`(_ kdf: PasswordKDF) throws {
    try sealed(.passphrase(secret("correct horse"), kdf))
    #expect(scratch.mode(file) == 0o600 && scratch.bytes(file).count == 168)
    let sealed = try stored()
    let root = try sealed.open(by: .passphrase(secret("correct horse")))
    #expect(root.count == 32)
    let bytes = root.withBytes { unsafe Array($0) }
    #expect(Data(scratch.bytes(file)).range(of: Data(bytes)) == nil)
    for wrong in ["correct horsf", "correct hors", "correct horse ", ""] {
      #expect(
        failure { () throws(VaultError) in try sealed.open(by: .passphrase(secret(wrong))) }
          == .wrongOpening(.passphrase))
    }
    #expect(failure { () throws(VaultError) in try sealed.open(by: .shares([])) } == .otherSeal(.passphrase))
  }

  /// RFC 7914, section 12, and section 11: the tests of both functions, their first 32 bytes.
  @Test func `keys of passphrases are those of the RFC`() throws {
    let scrypt = try PasswordKDF.scrypt(n: 16384, r: 8, p: 1).key(
      of: secret("pleaseletmein"), salt: Array("SodiumChloride".utf8))
    #expect(
      Hex.encode(scrypt.withBytes { unsafe Array($0) })
        == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    let pbkdf2 = try PasswordKDF.pbkdf2(iterations: 80_000).key(
      of: secret("Password"), salt: Array("NaCl".utf8))
    #expect(
      Hex.encode(pbkdf2.withBytes { unsafe Array($0) })
        == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56")
  }

  @Test func `enough shares open it, in any order`() throws {
    let shares = try sealed(.shamir(threshold: 3, shares: 5))
    let sealed = try stored()
    let root = try sealed.open(by: .shares(Array(shares.prefix(3))))
    #expect(try sealed.open(by: .shares(shares.suffix(3).reversed())) == root)
    #expect(try sealed.open(by: .shares(shares)) == root)
    let few = [shares[0], shares[4], shares[0]]
    #expect(
      failure { () throws(VaultError) in try sealed.open(by: .shares(few)) }
        == .fewShares(given: 2, needed: 3))
  }

  @Test func `a share is one line and is read again, and a mistyped one is not`() throws {
    let shares = try sealed(.shamir(threshold: 2, shares: 3))
    let line = try shares[0].line().withBytes { unsafe Array($0) }
    #expect(line.last == 0x0A && String(decoding: line, as: UTF8.self).hasPrefix("cvmshare-1-"))
    let again = try KeyShare(parsing: SecretBytes(copying: [0x20] + line + [0x0D, 0x0A]), from: "s")
    _ = try stored().open(by: .shares([again, shares[2]]))
    for place in 0..<(line.count - 1) {
      var wrong = line
      wrong[place] = wrong[place] == UInt8(ascii: "7") ? UInt8(ascii: "8") : UInt8(ascii: "7")
      let text = SecretBytes(copying: wrong)
      #expect(
        failure { () throws(VaultError) in try KeyShare(parsing: text, from: "s") }
          == .malformedShare(file: "s"), "character \(place)")
    }
    for cut in [0, 1, 50, line.count - 2] {
      let text = SecretBytes(copying: Array(line.prefix(cut)))
      #expect(
        failure { () throws(VaultError) in try KeyShare(parsing: text, from: "s") }
          == .malformedShare(file: "s"))
    }
  }

  @Test func `a share of another set is named`() throws {
    let shares = try sealed(.shamir(threshold: 2, shares: 2))
    let other = try SealedRootKeyTests().sealed(.shamir(threshold: 2, shares: 2))
    let foreign = try KeyShare(parsing: try other[1].line(), from: "theirs")
    let sealed = try stored()
    guard
      case .foreignShare("theirs", _)? = failure({ () throws(VaultError) in
        try sealed.open(by: .shares([shares[0], foreign]))
      })
    else {
      Issue.record("not named")
      return
    }
  }

  @Test func `every changed bit of it is found before any work is done`() throws {
    try sealed(.shamir(threshold: 2, shares: 3))
    let whole = scratch.bytes(file)
    for place in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[place] ^= 1 << UInt8(bit)
        #expect(throws: FormatError.self, "byte \(place), bit \(bit)") { try SealedRootKey(parsing: damaged) }
      }
    }
    for count in [0, 5, 27, 40, whole.count - 1, whole.count + 1] {
      let cut = (0..<count).map { $0 < whole.count ? whole[$0] : 0 }
      #expect(throws: FormatError.self) { try SealedRootKey(parsing: cut) }
    }
  }

  /// Field, offset and bytes of headers that ask for what is not given, each with a check that fits.
  private static let hostile: [(field: String, offset: Int, bytes: [UInt8])] = [
    ("KIND", 5, [9]), ("KIND", 5, [1]), ("LENGTH", 0x18, [0xFF, 0xFF]), ("LENGTH", 0x18, [0, 0]),
    ("KDF", 0x1C, [3]), ("COST", 0x20, [0xFF, 0xFF, 0xFF, 0xFF]), ("COST", 0x20, [1, 0, 0, 0]),
    ("COST", 0x20, [0, 0, 0, 0]), ("KDF", 0x1C + 8, [1]), ("KDF", 0x1C + 12, [1]),
  ]

  @Test(arguments: hostile.indices) func `a hostile header is refused, not run`(_ index: Int) throws {
    try sealed(.passphrase(secret("correct horse"), .pbkdf2(iterations: 600_000)))
    let (field, offset, bytes) = Self.hostile[index]
    try expectRefused(field, offset, bytes)
  }

  private static let hostileScrypt: [(field: String, offset: Int, bytes: [UInt8])] = [
    ("COST", 0x20, [0, 0, 0, 0x80]), ("COST", 0x20, [1, 0x40, 0, 0]), ("COST", 0x20, [0, 0, 0, 0]),
    ("R", 0x24, [17, 0, 0, 0]), ("R", 0x24, [0, 0, 0, 0]), ("P", 0x28, [5, 0, 0, 0]),
    ("P", 0x28, [0, 0, 0, 0x80]),
  ]

  @Test(arguments: hostileScrypt.indices) func `so is scrypt's`(_ index: Int) throws {
    try sealed(.passphrase(secret("correct horse"), .scrypt(n: 1 << 14, r: 8, p: 1)))
    let (field, offset, bytes) = Self.hostileScrypt[index]
    try expectRefused(field, offset, bytes)
  }

  private func expectRefused(_ field: String, _ offset: Int, _ bytes: [UInt8]) throws {
    var file = Array(scratch.bytes(file).dropLast(32))
    file.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    file += try SHA256.hash(file)
    do {
      _ = try SealedRootKey(parsing: file)
      Issue.record("\(field) was taken")
    } catch {
      guard case .invalid(field, _) = error.problem else {
        Issue.record("\(field): \(error)")
        return
      }
    }
  }

  @Test func `without an agent the vault is locked, and signs nothing`() throws {
    try sealed(.passphrase(secret("correct horse"), .scrypt(n: 1 << 14, r: 8, p: 1)))
    #expect(throws: VaultError.locked(.passphrase)) { try scratch.vault() }
    #expect(throws: VaultError.exists(path: scratch.file(file))) { try sealed(.file) }
  }

  @Test func `an agent opens it, for the vault that it is of, until it is told to end`() throws {
    try sealed(.passphrase(secret("correct horse"), .scrypt(n: 1 << 14, r: 8, p: 1)))
    let (vault, sealed) = (try outside(), try stored())
    let root = try sealed.open(by: .passphrase(secret("correct horse")))
    let ended = DispatchSemaphore(value: 0)
    let directory = vault.directory
    let listening = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      if let agent = try? Agent(holding: root, of: sealed, in: directory, idle: 60) {
        listening.signal()
        agent.serve { true }
      }
      ended.signal()
    }
    listening.wait()
    #expect(scratch.mode("vault/agent.sock") == 0o600)
    #expect(vault.agent.state()?.idleLimit == 60 && vault.agent.state()?.pid == getpid())
    #expect(vault.agent.key(of: sealed.vaultID) == root)
    #expect(vault.agent.key(of: [UInt8](repeating: 0, count: 16)) == nil)
    let envelope = try scratch.vault().wrap(secret("x"), for: context(), at: moment)
    try vault.replace(by: try vault.sameRoot(under: .file))
    ended.wait()
    #expect(!FileManager.default.fileExists(atPath: scratch.file("vault/agent.sock")))
    #expect(try scratch.vault().unwrap(envelope, for: context()) == secret("x"))
    #expect(vault.agent.state() == nil)
  }

  @Test func `a socket that nobody answers at is no agent`() throws {
    try sealed(.passphrase(secret("correct horse"), .scrypt(n: 1 << 14, r: 8, p: 1)))
    try scratch.write([], "vault/agent.sock")
    #expect(try outside().agent.state() == nil)
    #expect(throws: VaultError.locked(.passphrase)) { try scratch.vault() }
  }
}
