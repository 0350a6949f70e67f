import CVMCrypto
import Foundation
import SEV
import SecureProcessor
import Testing

@Suite("Platform directory") struct PlatformDirectoryTests {
  @Test func `a platform is the same for every instance`() throws {
    let platform = try Platform()
    let first = try platform.open().snapshot()
    let second = try platform.open().snapshot()
    #expect(try first.pdhCertificateExport().pdh == second.pdhCertificateExport().pdh)
    #expect(try first.pdhCertificateExport().chain == second.pdhCertificateExport().chain)
    #expect(try first.getID() == second.getID())
    #expect(first.chip.ark == second.chip.ark && first.chip.signedCEK == second.chip.signedCEK)
    #expect(first.platformStatus() == second.platformStatus())
  }

  @Test func `a made platform is switched on, with the model it was made of`() throws {
    let folder = try TemporaryFolder()
    let model = ProcessorModel(apiMinor: 51, build: 7, maxASID: 100, minSEVASID: 20, cbitPosition: 47)
    try PlatformDirectory.create(path: folder.path + "/p", model: model)
    let processor = try PlatformDirectory(path: folder.path + "/p").snapshot()
    #expect(processor.model == model)
    #expect(processor.platformStatus().state == .initialized && processor.platformStatus().supportsES)
    #expect(throws: PlatformError.exists(path: folder.path + "/p")) {
      try PlatformDirectory.create(path: folder.path + "/p", model: model)
    }
  }

  @Test func `an owner finds the certificates to import beside the platform`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    let chip = try platform.open().snapshot().chip
    #expect(try platform.folder.read("platform/cek.cert") == chip.signedCEK)
    #expect(try platform.folder.read("platform/ask_ark.cert") == chip.ask + chip.ark)
  }

  @Test func `an empty directory becomes a platform once, by one of several at a time`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/p"
    let found = Failures()
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      do {
        let platform = try PlatformDirectory.opened(path: path, orMade: ProcessorModel(), timeout: 60)
        found.add("\(try platform.snapshot().getID())")
      } catch {
        found.add("\(error)")
      }
    }
    #expect(found.all.count == 4 && Set(found.all).count == 1)
    #expect(found.all.first?.hasPrefix("[99, 118, 109, ") == true)
  }

  @Test func `a platform that lost its chip is damaged, one that was never finished is made`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/p"
    let id = try PlatformDirectory.opened(path: path, orMade: ProcessorModel()).snapshot().getID()
    #expect(!FileManager.default.fileExists(atPath: path + "/unfinished"))
    try FileManager.default.removeItem(atPath: path + "/chip")
    #expect(throws: PlatformError.corrupt(file: path + "/chip", reason: "missing")) {
      try PlatformDirectory.opened(path: path, orMade: ProcessorModel())
    }
    let unfinished = path + "/unfinished"
    #expect(
      FileManager.default.createFile(
        atPath: unfinished, contents: Data([1]), attributes: [.posixPermissions: 0o600]))
    let made = try PlatformDirectory.opened(path: path, orMade: ProcessorModel())
    #expect(try made.snapshot().getID() != id)
    _ = try made.begin()
    #expect(!FileManager.default.fileExists(atPath: path + "/unfinished"))
  }

  @Test func `a launch goes on in another instance`() throws {
    let platform = try Platform()
    let owner = try Owner()
    let memory = Simulation.memory()
    let session = try owner.session(for: platform.open().snapshot(), policy: SEVPolicy(rawValue: 3))
    let (handle, measurement) = try platform.launch(policy: 3, session: session, memory: memory)

    let packet = try SecretPacket.seal(
      SecretBytes(copying: Simulation.bytes(32)), keys: owner.keys, measurement: measurement.hmac,
      iv: Random.bytes(16))
    var second = try platform.open().begin()
    try second.load(handle)
    let secret = LaunchSecret(
      handle: handle, header: packet.header, guestAddress: 0x8000, transport: packet.ciphertext)
    try second.processor.launchSecret(secret, memory: memory)
    try second.processor.launchFinish(handle)
    try second.commit()

    var third = try platform.open().begin()
    try third.load(handle)
    #expect(try third.processor.guestStatus(handle).state == .running)
    #expect(
      try third.processor.guestRead(handle, address: 0x8000, count: 32, memory: memory)
        == Simulation.bytes(32))
    #expect(
      try third.processor.guestRead(handle, address: 0x1000, count: 4096, memory: memory)
        == Simulation.bytes(4096))
    #expect(try third.processor.attestation(handle, nonce: Simulation.bytes(16)).policy.rawValue == 3)
  }

  @Test func `the transport keys leave the disk with LAUNCH_FINISH`() throws {
    let platform = try Platform()
    let handle = try platform.launch().handle
    let before = try platform.folder.read("platform/guests/0001.context")
    var transaction = try platform.open().begin()
    try transaction.load(handle)
    try transaction.processor.launchFinish(handle)
    try transaction.commit()
    #expect(try platform.folder.read("platform/guests/0001.context").count == before.count - 32)
  }

  @Test func `a transaction that just ends changes nothing`() throws {
    let platform = try Platform()
    do {
      var transaction = try platform.open().begin()
      _ = try Platform.launch(&transaction.processor)
    }
    #expect(try platform.open().snapshot().platformStatus().guestCount == 0)
    #expect(try platform.folder.names("platform/guests").isEmpty)
  }

  @Test func `a launch that is not measured is not stored`() throws {
    let platform = try Platform()
    var transaction = try platform.open().begin()
    let request = LaunchStart(policy: SEVPolicy(rawValue: 1))
    let handle = try transaction.processor.launch(request, entropy: SystemEntropy())
    do {
      try transaction.commit()
      Issue.record("a running digest was stored")
    } catch {
      #expect(error == .launchIncomplete(handle: handle))
    }
    #expect(try platform.open().snapshot().platformStatus().guestCount == 0)
  }

  @Test func `an ended guest leaves no file`() throws {
    let platform = try Platform()
    let handles = try (0..<3).map { _ in try platform.launch().handle }
    #expect(try platform.folder.names("platform/guests").count == 3)
    var transaction = try platform.open().begin()
    for handle in handles {
      try transaction.load(handle)
      try transaction.processor.retire(handle)
    }
    try transaction.commit()
    #expect(try platform.folder.names("platform/guests").isEmpty)
    #expect(try platform.open().snapshot().platformStatus().state == .initialized)
  }

  @Test func `SHUTDOWN ends every guest on disk too`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    var transaction = try platform.open().begin()
    transaction.processor.shutdown()
    try transaction.commit()
    #expect(try platform.folder.names("platform/guests").isEmpty)
    #expect(try platform.open().snapshot().platformStatus().state == .uninitialized)
  }

  @Test func `a guest is found by handle and context id, not by handle alone`() throws {
    let platform = try Platform()
    let handle = try platform.launch().handle
    let id = try #require(try platform.open().snapshot().guests[handle]?.contextID)
    var transaction = try platform.open().begin()
    #expect(try transaction.guest(handle, contextID: id) == handle)
    try transaction.processor.retire(handle)
    #expect(try Platform.launch(&transaction.processor).handle == handle)
    #expect(try transaction.guest(handle, contextID: id) == nil)
    try transaction.commit()
    var next = try platform.open().begin()
    #expect(try next.guest(handle, contextID: id) == nil)
    #expect(try next.guest(9, contextID: id) == nil)
  }

  @Test func `files and directories are closed to others`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    let files = try platform.folder.names("platform").map { "platform/\($0)" }
    for name in files + ["platform", "platform/guests/0001.context"] {
      let facts = try FileManager.default.attributesOfItem(atPath: "\(platform.folder.path)/\(name)")
      let mode = try #require(facts[.posixPermissions] as? Int)
      #expect(mode & 0o077 == 0, "\(name)")
    }
  }

  @Test func `no plaintext and no transport key stands beside the keys' own files`() throws {
    let platform = try Platform()
    let folder = try TemporaryFolder()
    let descriptor = unsafe open("\(folder.path)/ram", O_RDWR | O_CREAT, 0o600)
    _ = try platform.launch(memory: FileMemory(owning: descriptor, base: 0, size: 1 << 20))
    let file = try folder.read("ram")
    #expect(!file.contains(Array(Simulation.bytes(4096)[..<16])))
  }
}

extension [UInt8] {
  fileprivate func contains(_ part: [UInt8]) -> Bool {
    guard count >= part.count else { return false }
    return (0...(count - part.count)).contains {
      self[$0] == part[0] && Array(self[$0..<($0 + part.count)]) == part
    }
  }
}
