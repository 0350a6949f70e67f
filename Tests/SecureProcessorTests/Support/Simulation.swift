import CVMCrypto
import SEV

@testable import SecureProcessor

/// Random bits that repeat from run to run: SHA-256 of a counter.
final class CountingEntropy: Entropy {
  private var counter: UInt32 = 0

  func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      counter += 1
      bytes += try SHA256.hash(Array("test entropy \(counter)".utf8))
    }
    return Array(bytes[..<count])
  }

  func secret(_ count: Int) throws(CryptoError) -> SecretBytes { SecretBytes(copying: try bytes(count)) }
}

/// A randomness source that is broken.
final class NoEntropy: Entropy {
  func bytes(_ count: Int) throws(CryptoError) -> [UInt8] { throw .randomUnavailable }
  func secret(_ count: Int) throws(CryptoError) -> SecretBytes { throw .randomUnavailable }
}

/// One chip for all tests: its RSA keys take the longest of everything here.
enum Simulation {
  static let chip = try? ChipIdentity.make(model: ProcessorModel(), entropy: SystemEntropy())

  struct NoChip: Error {}

  /// A processor in UNINIT.
  static func processor(_ model: ProcessorModel = ProcessorModel()) throws -> SecureProcessor {
    guard let chip else { throw NoChip() }
    return SecureProcessor(model: model, chip: chip)
  }

  /// In INIT, ASIDs clean.
  static func host(_ model: ProcessorModel = ProcessorModel()) throws -> SecureProcessor {
    var processor = try processor(model)
    try processor.switchOn(entropy: CountingEntropy())
    return processor
  }

  static func memory(_ size: UInt64 = 1 << 24) -> BufferedMemory { BufferedMemory(size: size) }

  /// `count` bytes that are not all alike.
  static func bytes(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) &+ seed }
  }
}

/// A guest owner: a key, transport keys, and the session that carries them to a platform.
struct Owner {
  let key: P384.PrivateKey
  let keys: TransportKeys

  init() throws {
    key = try P384.PrivateKey()
    keys = try TransportKeys(tek: .random(16), tik: .random(16))
  }

  func session(for processor: SecureProcessor, policy: SEVPolicy) throws -> LaunchSession {
    let pdh = try SEVCertificate(parsing: processor.pdhCertificateExport().pdh)
    let blob = try LaunchBlob.create(
      ownerKey: key, pdh: pdh, policy: policy, keys: keys, nonce: Random.bytes(16), iv: Random.bytes(16))
    return LaunchSession(
      certificate: try SEVCertificate.ownerDH(publicKey: key.publicKey).serialized(),
      blob: blob.serialized())
  }
}
