import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct LaunchBlobTests {
  static func owner() throws -> P384.PrivateKey { try scalar(from: 0x01) }
  static func platform() throws -> P384.PrivateKey { try scalar(from: 0x31) }

  static func pdh() throws -> SEVCertificate {
    try SEVCertificate(
      usage: .pdh, algorithm: .ecdhSHA256, publicKey: .p384(platform().publicKey), apiMajor: 0, apiMinor: 22)
  }

  static func blob(policy: UInt32 = 1) throws -> LaunchBlob {
    try LaunchBlob.create(
      ownerKey: owner(), pdh: pdh(), policy: SEVPolicy(rawValue: policy), keys: exampleKeys(),
      nonce: counting(from: 0x00, 16), iv: counting(from: 0x10, 16))
  }

  static func ownerCertificate() throws -> SEVCertificate {
    try SEVCertificate.ownerDH(publicKey: owner().publicKey)
  }

  // Worked example of the session formulas, recomputed independently.
  @Test func `the worked blob comes out`() throws {
    let blob = try Self.blob()
    #expect(
      blob.wrapTK == hex("65cbe1febf33daeeae99133772b62cf7bcd24b26502295342188b010080f1b31"))
    #expect(
      blob.wrapMAC == hex("c9f0230eb104f17845af2f1543cd58f840a959bedfce6f65dfca7eb9ff39fc3e"))
    #expect(
      blob.policyMAC == hex("da0e0ec9ab90ccdf7f3e24a586511c2dc55694b3541828e79ec83d525299c961"))
    #expect(
      try Self.blob(policy: 5).policyMAC
        == hex("5bab974614908d198077acf450532cb777e88d7391f23d803e9e4a66f0ac87fd"))
    #expect(blob.serialized().count == 128)
    #expect(
      try SHA256.hash(blob.serialized())
        == hex("6594e1ed8678bb6ff91ed57b5cf5bda5c41e99f38278c4e2090fd10d606e81ac"))
  }

  @Test func `the session keys derive as worked`() throws {
    let z = try Self.owner().sharedX(with: Self.platform().publicKey)
    let keys = try SessionKeys(z: z, nonce: counting(from: 0, 16))
    #expect(keys.kek.revealed == hex("609e26dc5a7915fec7426a5bca372bfb"))
    #expect(keys.kik.revealed == hex("36d605696d454f321cc6c2d5fce61f44"))
  }

  // The all-zero vector of the virtee/sev tests: its numbers, of which the MACs' ends are at hand.
  @Test func `the all-zero blob equals another tool's`() throws {
    let zero = [UInt8](repeating: 0, count: 16)
    let keys = try TransportKeys(tek: SecretBytes(count: 16), tik: SecretBytes(count: 16))
    let blob = try LaunchBlob.create(
      z: SecretBytes(count: 16), policy: SEVPolicy(rawValue: 0), keys: keys, nonce: zero, iv: zero)
    #expect(blob.wrapTK == hex("2137bc7f9bb8bd7c3e55a576a15d3454b3856b8ba27afadf46dcfee9f02c02c4"))
    #expect(blob.wrapMAC.starts(with: hex("3176c075")) && Array(blob.wrapMAC.suffix(3)) == hex("aeed7d"))
    #expect(blob.policyMAC.starts(with: hex("aa7855e1")) && Array(blob.policyMAC.suffix(3)) == hex("87b4af"))
  }

  @Test func `the owner's certificate comes out as worked`() throws {
    let bytes = try Self.ownerCertificate().serialized()
    #expect(bytes.starts(with: hex("01000000000000000310000003000000 02000000 28a03f31")))
    #expect(
      try SHA256.hash(bytes) == hex("d4609036b9328a6bd4107996daed3dbcd5b50be15df7da1800ba96748f53c73d"))
  }

  @Test func `the platform unwraps what the owner wrapped`() throws {
    let keys = try Self.blob().unwrap(
      platformKey: Self.platform(), owner: Self.ownerCertificate(), policy: SEVPolicy(rawValue: 1))
    #expect(try keys == exampleKeys())
    let again = try LaunchBlob.unwrap(
      session: Self.blob().serialized(), certificate: Self.ownerCertificate().serialized(),
      platformKey: Self.platform(), policy: SEVPolicy(rawValue: 1), apiMajor: 0, apiMinor: 22)
    #expect(try again == exampleKeys())
  }

  @Test func `another policy, platform or owner is BAD_MEASUREMENT`() throws {
    let blob = try Self.blob()
    let owner = try Self.ownerCertificate()
    let stranger = try P384.PrivateKey()
    #expect(throws: FirmwareStatus.badMeasurement) {
      try blob.unwrap(platformKey: Self.platform(), owner: owner, policy: SEVPolicy(rawValue: 0))
    }
    #expect(throws: FirmwareStatus.badMeasurement) {
      try blob.unwrap(platformKey: stranger, owner: owner, policy: SEVPolicy(rawValue: 1))
    }
    #expect(throws: FirmwareStatus.badMeasurement) {
      try blob.unwrap(
        platformKey: Self.platform(), owner: SEVCertificate.ownerDH(publicKey: stranger.publicKey),
        policy: SEVPolicy(rawValue: 1))
    }
  }

  @Test func `every changed bit of the blob is BAD_MEASUREMENT`() throws {
    let (bytes, owner) = (try Self.blob().serialized(), try Self.ownerCertificate())
    let platform = try Self.platform()
    for index in stride(from: 0, to: 128, by: 3) {
      var changed = bytes
      changed[index] ^= 0x40
      let blob = try LaunchBlob(parsing: changed)
      #expect(throws: FirmwareStatus.badMeasurement, "byte \(index)") {
        try blob.unwrap(platformKey: platform, owner: owner, policy: SEVPolicy(rawValue: 1))
      }
    }
  }

  @Test func `the firmware's checks come in the firmware's order`() throws {
    let good = (try Self.blob().serialized(), try Self.ownerCertificate().serialized())
    func status(_ session: [UInt8], _ certificate: [UInt8], policy: UInt32 = 1) throws -> FirmwareStatus? {
      let platform = try Self.platform()
      do throws(FirmwareStatus) {
        _ = try LaunchBlob.unwrap(
          session: session, certificate: certificate, platformKey: platform,
          policy: SEVPolicy(rawValue: policy), apiMajor: 0, apiMinor: 22)
        return nil
      } catch { return error }
    }
    #expect(try status(good.0, good.1) == nil)
    #expect(try status(Array(good.0.dropLast()), []) == .invalidLength)
    #expect(try status(good.0, good.1 + [0]) == .invalidLength)
    var pek = good.1
    pek[8] = 0x02  // usage PEK
    #expect(try status(good.0, pek) == .invalidCertificate)
    var sha384 = good.1
    sha384[0x0D] = 1  // ECDH with SHA-384
    #expect(try status(good.0, sha384) == .invalidCertificate)
    var offCurve = good.1
    offCurve[0x14] ^= 1
    #expect(try status(good.0, offCurve) == .invalidCertificate)
    var wrongMAC = good.0
    wrongMAC[0x40] ^= 1
    #expect(try status(wrongMAC, pek) == .invalidCertificate)
    #expect(try status(wrongMAC, good.1, policy: 0xFFFF_FFFF) == .badMeasurement)
    let newer = try Self.blob(policy: 0x1700_0001).serialized()  // API 0.23
    #expect(try status(newer, good.1, policy: 0x1700_0001) == .policyFailure)
    let reserved = try Self.blob(policy: 0x41).serialized()
    #expect(try status(reserved, good.1, policy: 0x41) == .policyFailure)
  }

  @Test func `nothing but a PDH takes a session`() throws {
    let pek = try SEVCertificate(
      usage: .pek, algorithm: .ecdsaSHA256, publicKey: .p384(Self.platform().publicKey))
    #expect(throws: CryptoError.self) {
      try LaunchBlob.create(
        ownerKey: Self.owner(), pdh: pek, policy: .sevDefault, keys: exampleKeys(),
        nonce: counting(from: 0, 16), iv: counting(from: 0, 16))
    }
    #expect(throws: CryptoError.self) {
      try LaunchBlob.create(
        ownerKey: Self.owner(), pdh: Self.pdh(), policy: .sevDefault, keys: exampleKeys(),
        nonce: counting(from: 0, 15), iv: counting(from: 0, 16))
    }
  }

  @Test func `transport keys have 16 bytes and are not zero`() throws {
    #expect(throws: CryptoError.self) {
      try TransportKeys(tek: SecretBytes(count: 16), tik: SecretBytes(count: 17))
    }
    #expect(throws: CryptoError.self) { try TransportKeys(joined: SecretBytes(count: 31)) }
    let keys = try exampleKeys()
    #expect(try TransportKeys(joined: keys.joined) == keys)
    #expect(keys.joined.revealed == counting(from: 0x20, 32))
    #expect(!keys.areUnset)
    #expect(try TransportKeys(tek: keys.tek, tik: SecretBytes(count: 16)).areUnset)
  }

  @Test func `damaged blobs never trap`() throws {
    expectRoundTripOrRefusal(try Self.blob().serialized()) { bytes throws(FormatError) in
      try LaunchBlob(parsing: bytes).serialized()
    }
  }
}
