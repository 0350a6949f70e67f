import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

/// A guest owner of the tests: makes a session for the platform that `virsh nodesevinfo` shows, and keeps its keys in the files
/// that a peer wants.
struct OwnSession {
  let keys: TransportKeys
  /// For `GuestDocument.session`.
  let base64: (certificate: String, blob: String)
  let tik: String
  let tek: String

  init(policy: UInt32, libvirtd: PrivateLibvirtd, in directory: ScratchDirectory) throws {
    let owner = try P384.PrivateKey()
    keys = try TransportKeys(tek: .random(16), tik: .random(16))
    let blob = try LaunchBlob.create(
      ownerKey: owner, pdh: try Self.platformKey(libvirtd), policy: SEVPolicy(rawValue: policy), keys: keys,
      nonce: Random.bytes(16), iv: Random.bytes(16))
    let certificate = try SEVCertificate.ownerDH(publicKey: owner.publicKey)
    base64 = (Base64.encode(certificate.serialized()), Base64.encode(blob.serialized()))
    tik = try directory.write(OwnLaunch.data(keys.tik), to: "tik.bin", mode: 0o600)
    tek = try directory.write(OwnLaunch.data(keys.tek), to: "tek.bin", mode: 0o600)
  }

  private static func platformKey(_ libvirtd: PrivateLibvirtd) throws -> SEVCertificate {
    let facts = VirshTable(try libvirtd.virsh.succeed("nodesevinfo").stdout)
    return try SEVCertificate(parsing: try facts.bytes("pdh"))
  }
}

/// virsh's `Key : value` tables.
struct VirshTable {
  private let values: [String: String]

  init(_ text: String) {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
    self.values = values
  }

  subscript(key: String) -> String? { values[key] }

  /// A value in base64.
  func bytes(_ key: String) throws -> [UInt8] {
    guard let text = values[key], let bytes = Base64.decode(text) else {
      throw HarnessError("no base64 under '\(key)' in \(values)")
    }
    return bytes
  }
}
