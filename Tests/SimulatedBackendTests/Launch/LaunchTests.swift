import Bytes
import CVMCore
import CVMCrypto
import Foundation
import SEV
import SecureProcessor
import Testing

@testable import SimulatedBackend

@Suite("A launch on a simulated host") struct LaunchTests {
  let host: Host
  let backend: SimulatedBackend
  let owner: Owner

  init() throws {
    host = try Host()
    backend = try host.backend()
    owner = try Owner()
  }

  private func document(
    _ policy: UInt32 = 3, _ image: [UInt8] = Firmware.image()
  ) throws -> Document {
    var document = Document().with(firmware: try host.file("firmware.fd", image))
    document.security = try owner.security(policy, for: backend)
    return document
  }

  private func expectMeasured(_ uuid: GuestUUID, _ digest: [UInt8]) throws {
    let info = try #require(try backend.launchSecurity(uuid))
    let measured = try LaunchMeasurement(parsing: info.measurement ?? [])
    let expected = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: SEVPolicy(rawValue: info.policy ?? 0), digest: digest,
      nonce: measured.nonce, tik: owner.keys.tik)
    #expect(measured == expected)
  }

  @Test func `kernel, initrd and command line are measured by their hashes`() throws {
    var document = try document()
    let kernel = try host.file("kernel", Array("kernel\n".utf8))
    let initrd = try host.file("initrd", Array("initrd\n".utf8))
    document.kernel =
      "<kernel>\(kernel)</kernel><initrd>\(initrd)</initrd><cmdline>console=ttyS0 root=/dev/vda1</cmdline>"
    document.kernelHashes = " kernelHashes='yes'"
    let uuid = try backend.launch(document)
    let hashes = try KernelHashes(
      kernel: Array("kernel\n".utf8), initrd: Array("initrd\n".utf8),
      commandLine: "console=ttyS0 root=/dev/vda1")
    try expectMeasured(uuid, SHA256.hash(Firmware.image() + hashes.table))
    #expect(
      try backend.memoryRanges(of: uuid) == [
        MemoryRange(address: 0x810C00, count: 176, kind: .kernelHashes),
        MemoryRange(address: (1 << 32) - 4096, count: 4096, kind: .firmware),
      ])
    #expect(try backend.memory(of: uuid, view: .guest, address: 0x810C00, count: 176) == hashes.table)
  }

  @Test func `a kernel that is larger than the pieces it is hashed in`() throws {
    let bytes = (0..<(3 << 20 | 77)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var document = try document()
    document.kernel = "<kernel>\(try host.file("kernel", bytes))</kernel>"
    document.kernelHashes = " kernelHashes='yes'"
    let uuid = try backend.launch(document)
    let hashes = try KernelHashes(kernel: bytes, initrd: nil, commandLine: nil)
    try expectMeasured(uuid, SHA256.hash(Firmware.image() + hashes.table))
  }

  @Test func `the vCPUs of a SEV-ES guest are measured with the CPU model of the definition`() throws {
    var document = try document(7)
    document.vcpus = 3
    document.cpu = "<cpu mode='custom'><model>EPYC-Milan</model></cpu>"
    let uuid = try backend.launch(document)
    let vcpus = MeasuredVCPUs(count: 3, signature: CPUSignature(rawValue: 0x00A0_0F11))
    try expectMeasured(
      uuid, SEVLaunchDigest.compute(firmware: MeasuredFirmware(parsing: Firmware.image()), vcpus: vcpus))
    #expect(try backend.memoryRanges(of: uuid).map(\.kind) == [.firmware, .vmsa(0), .vmsa(1), .vmsa(2)])
  }

  @Test func `a launch without a session is measured under a key of zeros`() throws {
    var document = try document()
    document.security = "<policy>0x0001</policy>"
    let uuid = try backend.launch(document)
    let info = try #require(try backend.launchSecurity(uuid))
    let measured = try LaunchMeasurement(parsing: info.measurement ?? [])
    let expected = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: SEVPolicy(rawValue: 1),
      digest: SHA256.hash(Firmware.image()), nonce: measured.nonce, tik: SecretBytes(count: 16))
    #expect(measured == expected)
  }

  @Test func `a secret goes to the firmware's area, and only the guest can read it`() throws {
    let uuid = try backend.launch(document())
    let secret = (0..<64).map { UInt8($0) }
    let packet = try owner.packet(backend.launchSecurity(uuid), secret)
    try backend.inject(header: packet.header, payload: packet.ciphertext, address: nil, into: uuid)
    try backend.resume(uuid)
    #expect(try backend.memory(of: uuid, view: .guest, address: 0x80D000, count: 64) == secret)
    let seen = try backend.memory(of: uuid, view: .host, address: 0x80D000, count: 64)
    #expect(seen != secret && seen != packet.ciphertext && seen != [UInt8](repeating: 0, count: 64))
    #expect(
      try backend.memoryRanges(of: uuid).first == MemoryRange(address: 0x80D000, count: 64, kind: .secret))
  }

  @Test func `a secret survives into another process's view`() throws {
    let uuid = try backend.launch(document())
    let packet = try owner.packet(host.backend().launchSecurity(uuid), [UInt8](repeating: 9, count: 16))
    try host.backend().inject(header: packet.header, payload: packet.ciphertext, address: 0x1000, into: uuid)
    try host.backend().resume(uuid)
    let seen = try host.backend().memory(of: uuid, view: .guest, address: 0x1000, count: 16)
    #expect(seen == [UInt8](repeating: 9, count: 16))
  }

  @Test(arguments: [nil, (0, 0), (0, 0x1000), (0x80D000, 0), (0x80D000, 48)] as [(UInt32, UInt32)?])
  func `a secret without a place in the firmware is refused`(_ area: (UInt32, UInt32)?) throws {
    let uuid = try backend.launch(document(3, Firmware.image(secret: area)))
    let packet = try owner.packet(backend.launchSecurity(uuid), [UInt8](repeating: 1, count: 64))
    let error = #expect(throws: BackendError.self) {
      try backend.inject(header: packet.header, payload: packet.ciphertext, address: nil, into: uuid)
    }
    guard case .unsupported? = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(
      try backend.memory(of: uuid, view: .host, address: 0, count: 64) == [UInt8](repeating: 0, count: 64))
    try backend.inject(header: packet.header, payload: packet.ciphertext, address: 0x9000, into: uuid)
  }

  @Test(
    arguments: [
      UInt64.max, 1 << 28, (1 << 28) - 48, 1 << 32, (1 << 32) - 4096, 1 << 40, UInt64(Int64.max),
    ] as [UInt64])
  func `a secret outside of RAM is refused`(_ address: UInt64) throws {
    let uuid = try backend.launch(document())
    let packet = try owner.packet(backend.launchSecurity(uuid), [UInt8](repeating: 1, count: 64))
    #expect(throws: BackendError.self) {
      try backend.inject(header: packet.header, payload: packet.ciphertext, address: address, into: uuid)
    }
  }

  @Test func `refused packets have the firmware's status and can be repaired`() throws {
    let uuid = try backend.launch(document())
    let packet = try owner.packet(backend.launchSecurity(uuid), [UInt8](repeating: 1, count: 64))
    let cases: [([UInt8], [UInt8], UInt64, UInt32)] = [
      (packet.header, packet.ciphertext, 0x9008, 9),
      (Array(packet.header.dropLast()), packet.ciphertext, 0x9000, 4),
      (packet.header, Array(packet.ciphertext.dropLast()), 0x9000, 4), (packet.header, [], 0x9000, 4),
      (packet.header, Array(packet.ciphertext.dropLast(16)), 0x9000, 11),
    ]
    for (header, payload, address, status) in cases {
      let error = #expect(throws: BackendError.self) {
        try backend.inject(header: header, payload: payload, address: address, into: uuid)
      }
      guard case .launchFailed(let reason, let found)? = error else {
        Issue.record("another error: \(String(describing: error))")
        continue
      }
      #expect(found == status && reason.contains("fw_error=\(status) "))
    }
    try backend.inject(header: packet.header, payload: packet.ciphertext, address: 0x9000, into: uuid)
  }

  @Test func `a secret needs a paused guest in its launch`() throws {
    let uuid = try backend.launch(document())
    let packet = try owner.packet(backend.launchSecurity(uuid), [UInt8](repeating: 1, count: 64))
    let inject = {
      try backend.inject(header: packet.header, payload: packet.ciphertext, address: nil, into: uuid)
    }
    try backend.resume(uuid)
    #expect(throws: BackendError.notPaused) { try inject() }
    try backend.suspend(uuid)
    let late = #expect(throws: BackendError.self) { try inject() }
    #expect(late == .conflict(reason: "SEV: Not in correct state. (LSECRET) 3"))
    try backend.destroy(uuid, graceful: false)
    #expect(throws: BackendError.notRunning) { try inject() }
  }

  @Test func `firmware never stands in the clear on disk`() throws {
    let uuid = try backend.launch(document())
    let seen = try backend.memory(of: uuid, view: .host, address: (1 << 32) - 4096, count: 4096)
    #expect(seen != Firmware.image())
    #expect(Set(stride(from: 0, to: 3072, by: 16).map { Array(seen[$0..<($0 + 16)]) }).count == 192)
    #expect(
      try backend.memory(of: uuid, view: .guest, address: (1 << 32) - 4096, count: 4096) == Firmware.image())
  }

  @Test(arguments: ["destroy", "shutdown"]) func `an ended guest leaves nothing`(_ how: String) throws {
    let uuid = try backend.launch(document())
    #expect(try host.names("memory").count == 1 && host.names("platform/guests").count == 1)
    try backend.resume(uuid)
    if how == "destroy" { try backend.destroy(uuid, graceful: false) } else { try backend.shutdown(uuid) }
    #expect(try host.names("memory") == [] && host.names("platform/guests") == [])
    #expect(try host.processor().platformStatus().guestCount == 0)
    #expect(throws: BackendError.notRunning) {
      try backend.memory(of: uuid, view: .guest, address: 0, count: 16)
    }
  }

  @Test func `the live document shows the processor's numbers, the stored one the definition`() throws {
    var document = try document(7)
    document.security = document.security?.replacing("<policy>0x7", with: "<policy>7")
    let uuid = try backend.launch(document)
    let live = try backend.domainXML(uuid, .live)
    for text in [
      "<cbitpos>51</cbitpos>", "<reducedPhysBits>1</reducedPhysBits>", "<policy>0x0007</policy>", "<session>",
      "<dhCert>", " id='1'",
    ] {
      #expect(live.contains(text), "\(text)")
    }
    let stored = try backend.domainXML(uuid, .inactive)
    #expect(!stored.contains("cbitpos") && !stored.contains("<session>") && stored.contains("0x0003"))
  }

  @Test func `four launches of one domain at once: one succeeds`() throws {
    let document = try document()
    let uuid = try backend.define(xml: Document().with(firmware: host.directory + "/firmware.fd")()).uuid
    let xml = document()
    let found = Results<Int>()
    Threads.run(4) { [host] _ in
      found.add {
        let paused = try host.backend().startPaused(uuid, xml: xml)
        return paused.id
      }
    }
    #expect(found.values == [1])
    #expect(found.errors.count == 3 && found.errors.allSatisfy { $0.contains("already running") })
    #expect(try host.processor().platformStatus().guestCount == 1)
    #expect(try host.names("memory").count == 1)
  }

  @Test func `thirty guests launched by eight threads have keys and addresses of their own`() throws {
    let firmware = try host.file("fw", Firmware.image())
    let found = Results<[UInt8]>()
    Threads.run(8) { [host] thread in
      for number in 0..<4 {
        found.add {
          let backend = try host.backend(timeout: 60)
          let digits = String(100 + thread * 10 + number)
          let document = Document(
            name: "g\(digits)", uuid: "8f0752f4-4131-437c-b071-000000000\(digits)",
            security: "<policy>3</policy>"
          ).with(firmware: firmware)
          let uuid = try backend.launch(document)
          return try backend.memory(of: uuid, view: .host, address: (1 << 32) - 4096, count: 64)
        }
      }
    }
    #expect(found.errors == [])
    #expect(Set(found.values).count == 32)
    #expect(try host.processor().platformStatus().guestCount == 32)
    #expect(try backend.guests(GuestFilter(inactive: false)).map(\.id) == (1...32).map { $0 })
  }
}
