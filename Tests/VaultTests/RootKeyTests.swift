import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

@Suite("Root key") struct RootKeyTests {
  private let scratch = Scratch()
  private let file = "vault/root.key"

  private func filled() throws -> [UInt8] {
    try scratch.vault().wrap(secret("x"), for: context(), at: moment)
  }

  private func opening() -> VaultError? {
    do {
      _ = try scratch.vault()
      return nil
    } catch let error as VaultError { return error } catch { return .store(.misuse(reason: "\(error)")) }
  }

  private func isPermission(_ error: VaultError?) -> Bool {
    if case .store(.permission) = error { true } else { false }
  }

  @Test func `it is made once, for this user alone`() throws {
    _ = try filled()
    let first = scratch.bytes(file)
    #expect(first.count == 72)
    #expect(scratch.mode(file) == 0o600)
    #expect(scratch.mode("vault") == 0o700)
    _ = try filled()
    #expect(scratch.bytes(file) == first)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("vault")) == ["root.key"])
  }

  @Test func `two vaults have two root keys`() throws {
    _ = try filled()
    let other = Scratch()
    _ = try other.vault()
    #expect(scratch.bytes(file) != other.bytes(file))
  }

  @Test func `every changed bit of it is found`() throws {
    _ = try filled()
    let whole = scratch.bytes(file)
    for place in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[place] ^= 1 << UInt8(bit)
        try scratch.write(damaged, file)
        #expect(opening() == .rootDamaged(path: scratch.file(file)), "byte \(place), bit \(bit)")
      }
    }
    try scratch.write(whole, file)
    #expect(opening() == nil)
  }

  @Test(arguments: [0, 1, 8, 32, 40, 71, 73, 144, 5000]) func `one of another length is damaged`(_ count: Int)
    throws
  {
    _ = try filled()
    let whole = scratch.bytes(file)
    try scratch.write((0..<count).map { whole[$0 % whole.count] }, file)
    #expect(opening() == .rootDamaged(path: scratch.file(file)))
  }

  @Test func `one that is missing is never made anew while keys hang from it`() throws {
    _ = try filled()
    try FileManager.default.removeItem(atPath: scratch.file(file))
    #expect(opening() == .rootMissing(path: scratch.file(file)))
    #expect(scratch.bytes(file).isEmpty)
    try FileManager.default.removeItem(atPath: scratch.file("vault"))
    #expect(opening() == .rootMissing(path: scratch.file(file)))
    #expect(scratch.mode("vault") == nil)
  }

  @Test func `another vault's does not open these keys`() throws {
    let envelope = try filled()
    let other = Scratch()
    _ = try other.vault()
    try scratch.write(other.bytes(file), file)
    let vault = try scratch.vault()
    #expect(
      failure { () throws(VaultError) in try vault.unwrap(envelope, for: context()) }
        == .notAuthentic(object: "kek"))
    #expect(
      failure { () throws(VaultError) in try vault.wrap(secret("y"), for: context(), at: moment) }
        == .notAuthentic(object: "kek"))
  }

  @Test(arguments: [0o604, 0o640, 0o644, 0o620, 0o666]) func `one that others can read or change is refused`(
    _ mode: Int
  ) throws {
    _ = try filled()
    try scratch.set(mode: mode, file)
    #expect(isPermission(opening()))
    #expect(opening()?.hint == "chmod 600 \(scratch.file(file))")
    try scratch.set(mode: 0o600, file)
    try scratch.set(mode: 0o750, "vault")
    #expect(isPermission(opening()))
  }

  @Test func `a link in its place or its directory's is refused`() throws {
    _ = try filled()
    let manager = FileManager.default
    try manager.moveItem(atPath: scratch.file(file), toPath: scratch.file("moved"))
    try manager.createSymbolicLink(atPath: scratch.file(file), withDestinationPath: scratch.file("moved"))
    #expect(isPermission(opening()))
    try manager.removeItem(atPath: scratch.file(file))
    try manager.linkItem(atPath: scratch.file("moved"), toPath: scratch.file(file))
    #expect(isPermission(opening()))
    try manager.removeItem(atPath: scratch.file("moved"))
    #expect(opening() == nil)
    try manager.moveItem(atPath: scratch.file("vault"), toPath: scratch.file("elsewhere"))
    try manager.createSymbolicLink(
      atPath: scratch.file("vault"), withDestinationPath: scratch.file("elsewhere"))
    #expect(isPermission(opening()))
  }

  @Test(.enabled(if: geteuid() == 0)) func `one that belongs to somebody else is refused`() throws {
    _ = try filled()
    #expect(unsafe chown(scratch.file(file), 12345, 12345) == 0)
    #expect(isPermission(opening()))
  }

  @Test(.timeLimit(.minutes(60)), arguments: 0..<10)
  func `a process that died while making it leaves nothing in the way`(_ round: Int) async throws {
    let path = scratch.path
    do { _ = try scratch.store() }
    var random = Seeded(UInt64(round))
    let delay = UInt32(random.below(3000))
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as UInt32] in
      let store = try StateStore(path: path, at: moment)
      Thread.detachNewThread {
        usleep(delay)
        kill(getpid(), SIGKILL)
      }
      _ = try? Vault(store: store, actor: "uid:0").wrap(secret("x"), for: context(), at: moment)
      while true { usleep(1000) }
    }
    let envelope = try filled()
    #expect(try scratch.vault().unwrap(envelope, for: context()) == secret("x"))
    let left = try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.contains(".new") }
    #expect(left == [])
  }
}
