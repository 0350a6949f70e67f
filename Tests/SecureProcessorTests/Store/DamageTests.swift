import CVMCrypto
import Foundation
import SEV
import Testing

@testable import SecureProcessor

@Suite("Damaged state files") struct DamageTests {
  static let files = ["chip", "platform", "guests/0001.context"]

  /// Everything that reads the three files.
  private func readAll(_ platform: Platform) throws {
    var transaction = try platform.open().begin()
    try transaction.load(1)
  }

  private func expectCorrupt(_ platform: Platform, _ name: String, _ what: String) {
    do {
      try readAll(platform)
      Issue.record("\(what) was not noticed")
    } catch let error as PlatformError {
      guard case .corrupt(let file, _) = error else {
        Issue.record("\(what): \(error)")
        return
      }
      #expect(file.hasSuffix("platform/" + name), "\(what)")
    } catch {
      Issue.record("\(what): \(error)")
    }
  }

  @Test(arguments: files) func `every changed byte is noticed and the file is named`(_ name: String) throws {
    let platform = try Platform()
    _ = try platform.launch()
    let bytes = try platform.folder.read("platform/\(name)")
    let offsets = Array(0..<min(60, bytes.count)) + stride(from: 60, to: bytes.count, by: 37)
    for offset in offsets + [bytes.count - 1] {
      var damaged = bytes
      damaged[offset] ^= 1 << UInt8(offset % 8)
      try platform.folder.write(damaged, to: "platform/\(name)")
      expectCorrupt(platform, name, "a change at \(offset)")
    }
    try platform.folder.write(bytes, to: "platform/\(name)")
    try readAll(platform)
  }

  @Test(arguments: files) func `every truncation and an extension are noticed`(_ name: String) throws {
    let platform = try Platform()
    _ = try platform.launch()
    let bytes = try platform.folder.read("platform/\(name)")
    let lengths = Array(0..<min(70, bytes.count)) + stride(from: 70, to: bytes.count, by: 61)
    for length in lengths + [bytes.count - 1] {
      try platform.folder.write(Array(bytes[..<length]), to: "platform/\(name)")
      expectCorrupt(platform, name, "a cut at \(length)")
    }
    try platform.folder.write(bytes + [0], to: "platform/\(name)")
    expectCorrupt(platform, name, "an extension")
    try platform.folder.write([UInt8](repeating: 0, count: (1 << 20) + 1), to: "platform/\(name)")
    expectCorrupt(platform, name, "a huge file")
  }

  @Test(arguments: files) func `a missing file is noticed`(_ name: String) throws {
    let platform = try Platform()
    _ = try platform.launch()
    try FileManager.default.removeItem(atPath: platform.path + "/" + name)
    expectCorrupt(platform, name, "its absence")
  }

  @Test func `contexts of two guests cannot be exchanged`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    _ = try platform.launch()
    let first = try platform.folder.read("platform/guests/0001.context")
    try platform.folder.write(
      platform.folder.read("platform/guests/0002.context"), to: "platform/guests/0001.context")
    expectCorrupt(platform, "guests/0001.context", "another guest's context")
    try platform.folder.write(first, to: "platform/guests/0001.context")
    try readAll(platform)
  }

  @Test func `an earlier guest's context does not fit a later one with its handle`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    let old = try platform.folder.read("platform/guests/0001.context")
    var transaction = try platform.open().begin()
    try transaction.load(1)
    try transaction.processor.retire(1)
    try transaction.commit()
    _ = try platform.launch()
    try platform.folder.write(old, to: "platform/guests/0001.context")
    expectCorrupt(platform, "guests/0001.context", "an old context")
  }

  @Test func `a file of one kind is not taken for another`() throws {
    let platform = try Platform()
    try platform.folder.write(platform.folder.read("platform/chip"), to: "platform/platform")
    expectCorrupt(platform, "platform", "another kind of file")
  }

  @Test func `a newer format is refused by its number, not rewritten`() throws {
    let platform = try Platform()
    var processor = try Simulation.host()
    processor.writeBackCaches()
    let bytes = try PlatformRecord.envelope(processor).serialized(.platform)
    var newer = bytes.withBytes { unsafe [UInt8]($0) }
    newer[8] = 2
    newer.replaceSubrange((newer.count - 32)..., with: try SHA256.hash(Array(newer.dropLast(32))))
    try platform.folder.write(newer, to: "platform/platform")
    #expect(throws: PlatformError.newer(file: platform.path + "/platform", version: 2)) {
      _ = try platform.open().begin()
    }
    #expect(try platform.folder.read("platform/platform") == newer)
  }

  @Test func `other guests stay usable beside a damaged one`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    _ = try platform.launch()
    try platform.folder.write([1, 2, 3], to: "platform/guests/0001.context")
    var transaction = try platform.open().begin()
    try transaction.load(2)
    try transaction.processor.launchFinish(2)
    try transaction.commit()
    #expect(try platform.launch().handle == 3)
  }

  enum Impossible: String, CaseIterable {
    case twiceAnASID, guestsInUninit, asidCount, noKeys

    func apply(to processor: inout SecureProcessor) {
      switch self {
      case .twiceAnASID:
        let asid = processor.guests[1]?.asid
        processor.guests[2]?.asid = asid
      case .guestsInUninit: processor.platform.isInitialized = false
      case .asidCount: processor.platform.asids = ASIDTable(count: 12)
      case .noKeys: processor.platform.keys = nil
      }
    }
  }

  @Test(arguments: Impossible.allCases)
  func `a well-formed but impossible platform is refused`(_ impossible: Impossible) throws {
    let platform = try Platform()
    _ = try platform.launch()
    _ = try platform.launch()
    var processor = try platform.open().snapshot()
    impossible.apply(to: &processor)
    let bytes = try PlatformRecord.envelope(processor).serialized(.platform)
    try platform.folder.write(bytes.withBytes { unsafe [UInt8]($0) }, to: "platform/platform")
    expectCorrupt(platform, "platform", impossible.rawValue)
  }
}
