import CVMCore
import Foundation
import SEV
import SecureProcessor
import Testing

@testable import SimulatedBackend

@Suite("What QEMU refuses") struct RefusalTests {
  let host: Host
  let backend: SimulatedBackend

  init() throws {
    host = try Host()
    backend = try host.backend()
  }

  /// Launches and expects this refusal, and that nothing is left of the launch.
  private func refusal(_ document: Document, _ location: SourceLocation = #_sourceLocation) throws
    -> BackendError?
  {
    let error = #expect(throws: BackendError.self, sourceLocation: location) { try backend.launch(document) }
    let uuid = try #require(document.guest)
    #expect(try backend.guest(uuid)?.state == .shutOff, sourceLocation: location)
    #expect(try host.processor().platformStatus().guestCount == 0, sourceLocation: location)
    #expect(try host.names("memory") == [] && host.names("platform/guests") == [], sourceLocation: location)
    return error
  }

  private func document(_ image: [UInt8] = Firmware.image()) throws -> Document {
    Document().with(firmware: try host.file("firmware.fd", image))
  }

  @Test func `a C-bit of another host`() throws {
    var document = try document()
    document.security = "<cbitpos>47</cbitpos><policy>3</policy>"
    let text = "sev_kvm_init: cbitpos check failed, host '51' requested '47'"
    #expect(try refusal(document) == .launchFailed(reason: text, status: nil))
    document.security = "<cbitpos>51</cbitpos><policy>3</policy>"
    try backend.launch(document)
  }

  @Test(arguments: [0, 64]) func `impossible reduced bits`(_ bits: Int) throws {
    var document = try document()
    document.security = "<reducedPhysBits>\(bits)</reducedPhysBits><policy>3</policy>"
    let rule = "it should be in the range of 1 to 63, requested '\(bits)'"
    let text = "sev_kvm_init: reduced_phys_bits check failed, \(rule)"
    #expect(try refusal(document) == .launchFailed(reason: text, status: nil))
  }

  @Test func `SEV-ES where the host has none`() throws {
    var transaction = try PlatformDirectory(path: host.path + "/platform").begin()
    transaction.processor.shutdown()
    try transaction.processor.initialize(InitRequest(es: false), entropy: SystemEntropy())
    try transaction.processor.flush()
    try transaction.commit()
    var document = try document()
    document.security = "<policy>7</policy>"
    let text = "sev_kvm_init: guest policy requires SEV-ES, but host SEV-ES support unavailable"
    #expect(try refusal(document) == .launchFailed(reason: text, status: 0x15))
  }

  @Test func `SEV-ES firmware without a reset block, or with address 0`() throws {
    var without = try document(Firmware.image(reset: nil))
    without.security = "<policy>7</policy>"
    let missing = "SEV information block/Firmware GUID Table block not found in pflash rom"
    #expect(try refusal(without) == .launchFailed(reason: missing, status: nil))
    var zero = try document(Firmware.image(reset: 0))
    zero.security = "<policy>7</policy>"
    #expect(try refusal(zero) == .launchFailed(reason: "SEV-ES reset address is zero", status: nil))
    zero.security = "<policy>3</policy>"
    try backend.launch(zero)
  }

  @Test func `SEV-ES with a CPU model of unknown signature`() throws {
    var document = try document()
    document.security = "<policy>7</policy>"
    document.cpu = "<cpu><model>Nehalem</model></cpu>"
    #expect(
      try refusal(document) == .unsupported(reason: "the CPUID signature of CPU model 'Nehalem' is not known")
    )
  }

  @Test(arguments: [(0, 0), (0x810C00, 175), (0, 0x400)] as [(UInt32, UInt32)])
  func `kernel hashes without a usable area`(_ area: (base: UInt32, size: UInt32)) throws {
    var document = try document(Firmware.image(hashes: area))
    document.kernel = "<kernel>\(try host.file("kernel", [1, 2, 3]))</kernel>"
    try backend.launch(document)  // not asked for
    try backend.destroy(try #require(document.guest), graceful: false)
    document.kernelHashes = " kernelHashes='yes'"
    let (base, size) = (String(area.base, radix: 16), String(area.size, radix: 16))
    let text = "SEV: guest firmware hashes table area is invalid (base=0x\(base) size=0x\(size))"
    #expect(try refusal(document) == .launchFailed(reason: text, status: nil))
    document.kernel = ""
    try backend.launch(document)  // no kernel, no hashes
  }

  @Test func `kernel hashes without an entry in the table`() throws {
    var document = try document(Firmware.image(hashes: nil))
    document.kernel = "<kernel>\(try host.file("kernel", [1, 2, 3]))</kernel>"
    document.kernelHashes = " kernelHashes='yes'"
    let text = "SEV: kernel specified but guest firmware has no hashes table GUID"
    #expect(try refusal(document) == .launchFailed(reason: text, status: nil))
  }

  @Test func `a hash area outside of RAM`() throws {
    var document = try document(Firmware.image(hashes: (0x4000_0000, 0x400)))
    document.kernel = "<kernel>\(try host.file("kernel", [1, 2, 3]))</kernel>"
    document.kernelHashes = " kernelHashes='yes'"
    let text = "SEV: cannot map hashes table guest memory area"
    #expect(try refusal(document) == .launchFailed(reason: text, status: nil))
  }

  @Test func `a damaged firmware table`() throws {
    var image = Firmware.image()
    image[4096 - 50] = 0xFF
    image[4096 - 49] = 0xFF
    guard case .launchFailed(let reason, nil)? = try refusal(document(image)) else {
      Issue.record("another error")
      return
    }
    #expect(reason.contains("damaged"))
  }

  @Test func `firmware of a size that cannot be mapped`() throws {
    guard case .launchFailed? = try refusal(document([UInt8](repeating: 0, count: 4097))) else {
      Issue.record("another error")
      return
    }
    var rom = try document()
    rom.loader = rom.loader.replacing("type='pflash'", with: "type='rom'").replacing(
      " stateless='yes'", with: "")
    guard case .launchFailed(let reason, nil)? = try refusal(rom) else {
      Issue.record("another error")
      return
    }
    #expect(reason.hasPrefix("qemu: could not load PC BIOS"))
    let image = try host.file("rom", [UInt8](repeating: 0, count: 65536 - 4096) + Firmware.image())
    rom.loader = "<loader>\(image)</loader>"
    try backend.launch(rom)
  }

  @Test func `no firmware, or one that the host should choose`() throws {
    var document = Document()
    document.loader = ""
    guard case .invalidDefinition? = try refusal(document) else {
      Issue.record("another error")
      return
    }
  }

  enum BadFile: String, CaseIterable { case missing, directory, fifo, device, empty, huge }

  private func make(_ kind: BadFile) throws -> String {
    let path = host.directory + "/bad"
    switch kind {
    case .missing: return path
    case .directory: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .fifo: #expect(unsafe mkfifo(path, 0o600) == 0)
    case .device: return "/dev/zero"
    case .empty: _ = try host.file("bad", [])
    case .huge:
      _ = try host.file("bad", [])
      #expect(unsafe truncate(path, 1 << 40) == 0)
    }
    return path
  }

  @Test(arguments: BadFile.allCases, ["firmware", "kernel", "initrd"])
  func `files that are none end the launch at once`(_ kind: BadFile, _ what: String) throws {
    let path = try make(kind)
    var document = try document()
    document.kernelHashes = " kernelHashes='yes'"
    let kernel = try host.file("kernel", [1])
    switch what {
    case "firmware": document = document.with(firmware: path)
    case "kernel": document.kernel = "<kernel>\(path)</kernel>"
    default: document.kernel = "<kernel>\(kernel)</kernel><initrd>\(path)</initrd>"
    }
    let error = try refusal(document)
    switch (kind, error) {
    case (.missing, .launchFailed(let reason, nil)?):
      #expect(reason == "Could not open '\(path)': No such file or directory")
    case (.missing, _): Issue.record("another error: \(String(describing: error))")
    case (_, .invalidDefinition?): break
    default: Issue.record("another error: \(String(describing: error))")
    }
  }

  @Test func `a session for another host is a bad measurement`() throws {
    let other = try Host()
    var transaction = try PlatformDirectory(path: other.path + "/platform").begin()
    try transaction.processor.pdhGenerate(entropy: SystemEntropy())
    try transaction.commit()
    var document = try document()
    document.security = try Owner().security(3, for: other.backend())
    let text = "sev_launch_start: LAUNCH_START ret=1 fw_error=11 'Bad measurement'"
    #expect(try refusal(document) == .launchFailed(reason: text, status: 11))
  }

  @Test func `a policy for newer firmware, a bad certificate, a session that is no base64`() throws {
    var document = try document()
    let owner = try Owner()
    document.security = try owner.security(0x4001_0003, for: backend)
    let policy = "sev_launch_start: LAUNCH_START ret=1 fw_error=7 'Policy is not allowed'"
    #expect(try refusal(document) == .launchFailed(reason: policy, status: 7))
    let good = try owner.security(3, for: backend)
    document.security = good.replacing("<dhCert>AQAAAAAAAAADEAAA", with: "<dhCert>AQAAAAAAAAAEEAAA")
    let certificate = "sev_launch_start: LAUNCH_START ret=1 fw_error=6 'Certificate is invalid'"
    #expect(try refusal(document) == .launchFailed(reason: certificate, status: 6))
    document.security = good.replacing("</session>", with: "AAAA</session>")
    #expect(try refusal(document) == .launchFailed(reason: "session is not base64", status: nil))
  }

  @Test func `more guests than ASIDs`() throws {
    let name = try #require(HostName("small"))
    let model = ProcessorModel(maxASID: 2, minSEVASID: 2)
    try SimulatedHost.create(name, model: model, in: host.directory)
    let small = try SimulatedBackend(
      uri: "sim:///small", directory: host.directory + "/small", timeout: 5)
    let first = try small.launch(document())
    var second = try document()
    (second.name, second.uuid) = ("web2", "8f0752f4-4131-437c-b071-000000000002")
    let error = #expect(throws: BackendError.self) { try small.launch(second) }
    let text = "sev_kvm_init: failed to initialize ret=-16 fw_error=0 ''"
    #expect(error == .launchFailed(reason: text, status: nil))
    try small.resume(first)
    try small.destroy(first, graceful: false)
    let paused = try small.startPaused(try #require(second.guest), xml: second())
    #expect(paused.id == 2)
  }

  @Test func `a document of another domain than was named`() throws {
    let document = try document()
    let uuid = try backend.define(xml: document()).uuid
    var other = document
    other.uuid = "8f0752f4-4131-437c-b071-000000000002"
    _ = try backend.define(xml: Document(name: "web2", uuid: other.uuid)())
    var renamed = document
    renamed.name = "web3"
    for wrong in [other, renamed] {
      #expect(throws: BackendError.self) { _ = try backend.startPaused(uuid, xml: wrong()) }
    }
    #expect(try backend.guests(GuestFilter(inactive: false)) == [])
  }

  @Test func `too much memory`() throws {
    var document = try document()
    document.memory = "<memory unit='TiB'>1</memory>"
    guard case .unsupported? = try refusal(document) else {
      Issue.record("another error")
      return
    }
  }
}
