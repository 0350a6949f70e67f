import Bytes
import CVMCore
import Foundation
import SEV
import SecureProcessor
import Testing

@testable import SimulatedBackend

@Suite("Simulated hosts") struct SimulatedHostTests {
  let directory = NSTemporaryDirectory() + "cvm-sim-\(UUID().uuidString)"

  private func clean() { try? FileManager.default.removeItem(atPath: directory) }

  @Test(arguments: ["a", "web-1", "0", String(repeating: "x", count: 63)])
  func `names that are allowed`(_ name: String) { #expect(HostName(name)?.rawValue == name) }

  @Test(arguments: [
    "", "A", "a.b", "..", "a/b", "a b", "é", ".new", ".deleted", "a\0", String(repeating: "x", count: 64),
  ]) func `names that are not`(_ name: String) { #expect(HostName(name) == nil) }

  @Test func `a host is made, listed, shown and deleted`() throws {
    defer { clean() }
    let name = try #require(HostName("lab"))
    #expect(try SimulatedHost.names(in: directory) == [])
    let model = ProcessorModel(apiMinor: 51, build: 3, maxASID: 16, minSEVASID: 5, cbitPosition: 47)
    try SimulatedHost.create(name, model: model, in: directory)
    #expect(try SimulatedHost.names(in: directory) == [name])
    let host = try SimulatedHost(name, in: directory)
    #expect(host.model == model && host.domains == 0 && host.activeDomains == 0)
    #expect(host.platform.state == .initialized && host.platform.apiMinor == 51)
    let error = #expect(throws: BackendError.self) { try SimulatedHost.create(name, in: directory) }
    #expect(error == .conflict(reason: "the simulated host 'lab' exists already"))
    let backend = try SimulatedBackend(uri: "sim:///lab", directory: host.path, timeout: 5)
    #expect(try backend.sevPlatform().maxGuests == 12 && backend.sevPlatform().maxESGuests == 4)
    try SimulatedHost.delete(name, in: directory)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    #expect(throws: BackendError.self) { try SimulatedHost.delete(name, in: directory) }
  }

  @Test func `an impossible processor is refused`() throws {
    defer { clean() }
    #expect(throws: BackendError.self) {
      try SimulatedHost.create(.standard, model: ProcessorModel(maxASID: 0), in: directory)
    }
  }

  @Test func `the host default is made on first use, by one of several at once`() throws {
    defer { clean() }
    let path = directory + "/default"
    let found = Results<[UInt8]>()
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      found.add { try SimulatedBackend(uri: "sim:///", directory: path, timeout: 30).sevPlatform().pdh }
    }
    #expect(found.errors == [])
    #expect(found.values.count == 4 && Set(found.values).count == 1)
    #expect(try SimulatedHost.names(in: directory) == [.standard])
  }

  @Test func `no other host is made by naming it`() throws {
    defer { clean() }
    let error = #expect(throws: BackendError.self) {
      _ = try SimulatedBackend(uri: "sim:///lab", directory: directory + "/lab", timeout: 5)
    }
    #expect(error == .unreachable(uri: "sim:///lab", reason: "there is no simulated host 'lab'"))
    #expect(!FileManager.default.fileExists(atPath: directory))
    #expect(throws: BackendError.self) {
      _ = try SimulatedBackend(uri: "sim:///../x", directory: directory + "/..", timeout: 5)
    }
  }

  @Test func `a host with running domains is deleted by force only`() throws {
    let host = try Host()
    let firmware = try host.file("fw", Firmware.image())
    try host.backend().launch(Document().with(firmware: firmware))
    let error = #expect(throws: BackendError.self) {
      try SimulatedHost.delete(.standard, in: host.directory)
    }
    #expect(error == .conflict(reason: "the simulated host 'default' has running domains"))
    try SimulatedHost.delete(.standard, in: host.directory, force: true)
    #expect(!FileManager.default.fileExists(atPath: host.path))
  }

  @Test func `what a killed maker or remover left is cleared away`() throws {
    defer { clean() }
    try FileManager.default.createDirectory(
      atPath: directory + "/.new/platform/guests", withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try FileManager.default.createDirectory(
      atPath: directory + "/.deleted/memory", withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: directory + "/.deleted/memory/x"))
    try SimulatedHost.create(.standard, in: directory)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["default"])
  }

  @Test func `removal follows no link`() throws {
    let host = try Host()
    let outside = try host.file("precious", [1])
    try FileManager.default.createSymbolicLink(
      atPath: host.path + "/memory/link", withDestinationPath: outside)
    try FileManager.default.createSymbolicLink(
      atPath: host.path + "/directory", withDestinationPath: host.directory)
    try SimulatedHost.delete(.standard, in: host.directory)
    #expect(FileManager.default.fileExists(atPath: outside))
  }

  @Test func `the exported certificates verify up to the host's own root`() throws {
    let host = try Host()
    let files = try host.backend().certificates()
    #expect(files.chain.count == 4 * 2084 && files.root.count == 2 * 832)
    let certificates = try (0..<4).map {
      try SEVCertificate(parsing: Array(files.chain[($0 * 2084)..<(($0 + 1) * 2084)]))
    }
    let ask = try CACertificate(parsing: Array(files.root[..<832]))
    let ark = try CACertificate(parsing: Array(files.root[832...]))
    #expect(try ark.isSigned(by: ark) && ask.isSigned(by: ark))
    try certificates[3].checkSignature(by: ask.signer)
    try certificates[1].checkSignature(by: certificates[3].signer)
    try certificates[1].checkSignature(by: certificates[2].signer)
    try certificates[0].checkSignature(by: certificates[1].signer)
    #expect(SimulatedMark.isSimulated(keyID: ark.keyID) && SimulatedMark.isSimulated(keyID: ask.keyID))
  }

  @Test func `the platform says that it is simulated`() throws {
    let host = try Host()
    let platform = try host.backend().sevPlatform()
    #expect(SimulatedMark.isSimulated(chain: platform.certificateChain))
    #expect(SimulatedMark.isSimulated(chipID: platform.cpu0ID ?? []))
    #expect(platform.cbitPosition == 51 && platform.reducedPhysicalBits == 1)
    #expect(platform.maxGuests == 1024 && platform.maxESGuests == 256)
  }

  @Test func `capabilities show the processor's numbers and the simulation`() throws {
    let host = try Host()
    let backend = try host.backend()
    defer { withExtendedLifetime(host) {} }
    let domain = try backend.domainCapabilities(DomainCapabilitiesQuery(virtType: "kvm"))
    for text in [
      "<cbitpos>51</cbitpos>", "<reducedPhysBits>1</reducedPhysBits>", "<maxGuests>1024</maxGuests>",
      "<maxESGuests>256</maxESGuests>", "<value>sev</value>", "simulated", "<domain>kvm</domain>",
    ] {
      #expect(domain.contains(text), "\(text)")
    }
    let document = try backend.capabilities()
    #expect(document.contains("simulated") && document.contains("<arch>x86_64</arch>"))
    #expect(try backend.capabilities() == document)
    for query in [
      DomainCapabilitiesQuery(architecture: "aarch64"), DomainCapabilitiesQuery(virtType: "xen"),
    ] {
      #expect(throws: BackendError.self) { _ = try backend.domainCapabilities(query) }
    }
  }

  @Test func `a host that is switched off has no SEV`() throws {
    let host = try Host()
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    transaction.processor.shutdown()
    try transaction.commit()
    let error = #expect(throws: BackendError.self) { _ = try host.backend().sevPlatform() }
    guard case .unsupported? = error else {
      Issue.record("another error")
      return
    }
  }
}

/// What several threads found.
final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [Value] = []
  private var failures: [String] = []

  func add(_ body: () throws -> Value) {
    do {
      let value = try body()
      lock.withLock { found.append(value) }
    } catch {
      lock.withLock { failures.append("\(error)") }
    }
  }

  var values: [Value] { lock.withLock { found } }
  var errors: [String] { lock.withLock { failures } }
}
