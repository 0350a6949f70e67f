import Bytes
package import CVMCrypto
import SEV

/// What a chip is born with and never loses: its id, its endorsement key (CEK), and AMD's certificates for
/// it.
///
/// Here a root of its own takes AMD's place, one for each chip: RSA 2048 as on Naples. Its private keys are
/// forgotten once they have signed, so that not even this program can make a second chip under the same root.
package struct ChipIdentity {
  package static let idSize = 64
  static let secretSize = 32
  /// Bytes of a SEV certificate, and of an ASK or ARK with 2048 bits.
  static let certificateSize = SEVCertificate.size
  static let caSize = 832

  /// GET_ID's answer: `SimulatedMark.chipID`, then random bytes.
  package let id: [UInt8]
  /// The fuses' secret, from which the CEK is derived.
  let secret: SecretBytes
  /// The CEK as AMD's key server gives it: signed by the ASK.
  package let signedCEK: [UInt8]
  package let ask: [UInt8]
  package let ark: [UInt8]

  /// A new chip. Takes some tenths of a second for the RSA keys, which libcrypto draws.
  package static func make(
    model: ProcessorModel, entropy: any Entropy
  ) throws(CryptoError) -> ChipIdentity {
    let random = try entropy.bytes(idSize - SimulatedMark.chipID.count)
    let secret = try entropy.secret(secretSize)
    let arkKey = try RSAPSS.PrivateKey(bits: 2048)
    let askKey = try RSAPSS.PrivateKey(bits: 2048)
    let root = SimulatedMark.arkKeyID
    var ark = try CACertificate(keyID: root, certifyingID: root, usage: .ark, key: arkKey.publicKey)
    try ark.sign(with: arkKey)
    var ask = try CACertificate(
      keyID: SimulatedMark.askKeyID, certifyingID: root, usage: .ask, key: askKey.publicKey)
    try ask.sign(with: arkKey)
    var cek = try SEVCertificate(
      usage: .cek, algorithm: .ecdsaSHA256, publicKey: .p384(cekKey(secret).publicKey),
      apiMajor: model.apiMajor, apiMinor: model.apiMinor)
    try cek.sign(.first, as: .ask, with: askKey)
    return ChipIdentity(
      id: SimulatedMark.chipID + random, secret: secret, signedCEK: cek.serialized(),
      ask: ask.serialized(), ark: ark.serialized())
  }

  /// The CEK as PDH_CERT_EXPORT gives it: body, and both signature slots unused. The first holds the mark of
  /// simulation.
  var unsignedCEK: [UInt8] {
    let offset = SimulatedMark.signatureOffset
    let unused: [UInt8] = [0x00, 0x10, 0, 0, 0, 0, 0, 0]  // usage 0x1000, algorithm 0
    let mark = SimulatedMark.unsignedCEK
    var writer = ByteWriter(capacity: Self.certificateSize)
    writer.append(Array(signedCEK.prefix(offset - unused.count)))
    writer.append(unused)
    writer.append(mark)
    writer.zeros(0x200 - mark.count)
    writer.append(unused)
    writer.zeros(0x200)
    return writer.bytes
  }

  func cekKey() throws(CryptoError) -> P384.PrivateKey { try Self.cekKey(secret) }

  /// HMAC(secret, label ‖ counter ‖ block) for 48 bytes; the next counter in the unlikely case that they are
  /// no scalar.
  private static func cekKey(_ secret: SecretBytes) throws(CryptoError) -> P384.PrivateKey {
    let label = Array("cvmctl simulated CEK".utf8)
    var counter: UInt8 = 0
    while true {
      let scalar = SecretBytes.joined([
        try HMACSHA256.derive(key: secret, [label, [counter, 0]], count: 32),
        try HMACSHA256.derive(key: secret, [label, [counter, 1]], count: 16),
      ])
      do {
        return try P384.PrivateKey(scalar: scalar)
      } catch .invalidKey {
        counter &+= 1
      }
    }
  }
}
