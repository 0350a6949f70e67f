import Bytes
import CVMCrypto
import Glibc
import SEV

/// A session in files, byte-compatible with `sevctl session`: `PREFIX_godh.b64`, `PREFIX_session.b64` (base64 without a line end),
/// `PREFIX_tek.bin`, `PREFIX_tik.bin` (16 raw bytes each).
package enum SessionFiles {
  static func paths(_ prefix: String) -> (godh: String, session: String, tek: String, tik: String) {
    (prefix + "_godh.b64", prefix + "_session.b64", prefix + "_tek.bin", prefix + "_tik.bin")
  }

  /// Writes all four, or none: an existing file of these names is an error before the first one is written.
  static func write(_ session: OwnerSession, prefix: String) throws(CoreError) {
    let paths = paths(prefix)
    for path in [paths.godh, paths.session, paths.tek, paths.tik] { try OutputFile.requireAbsent(path) }
    var written: [String] = []
    do throws(CoreError) {
      if let keys = session.keys {
        try OutputFile.create(paths.tek, secret: keys.tek)
        written.append(paths.tek)
        try OutputFile.create(paths.tik, secret: keys.tik)
        written.append(paths.tik)
      }
      try OutputFile.create(paths.godh, Array(session.dhCertText.utf8), mode: 0o644)
      written.append(paths.godh)
      try OutputFile.create(paths.session, Array(session.sessionText.utf8), mode: 0o644)
    } catch {
      for path in written { unsafe unlink(path) }
      throw error
    }
  }

  /// Reads the public halves, and the keys where they are beside them; then checks that all belong together: the policy's MAC is
  /// made with this TIK. Without keys nobody but the platform can check that.
  static func load(prefix: String, policy: SEVPolicy) throws(CoreError) -> OwnerSession {
    let session = try read(prefix: prefix, policy: policy)
    guard let keys = session.keys else { return session }
    do {
      guard try session.blob.isBound(to: policy, tik: keys.tik) else {
        throw CoreError.refused(
          "session '\(prefix)' was not made for policy \(PolicyValue(type: .sev, rawValue: UInt64(policy.rawValue)).text) with this TIK",
          hint: "make one: cvmctl session create")
      }
    } catch let error as CoreError {
      throw error
    } catch let error as CryptoError {
      throw .crypto(error)
    } catch {
      throw .refused("session '\(prefix)' cannot be checked")
    }
    return session
  }

  private static func read(prefix: String, policy: SEVPolicy) throws(CoreError) -> OwnerSession {
    let paths = paths(prefix)
    let certificate = try base64(paths.godh)
    let blob = try base64(paths.session)
    do {
      return OwnerSession(
        ownerCertificate: try SEVCertificate(parsing: certificate), blob: try LaunchBlob(parsing: blob),
        keys: try keys(paths.tek, paths.tik), policy: policy)
    } catch let error as CoreError {
      throw error
    } catch let error as FormatError {
      throw .malformedBytes(source: prefix, error)
    } catch let error as CryptoError {
      throw .crypto(error)
    } catch {
      throw .refused("session '\(prefix)' cannot be read")
    }
  }

  /// Both keys or neither: one alone is a file that got lost.
  private static func keys(_ tek: String, _ tik: String) throws(CoreError) -> TransportKeys? {
    switch (try keyIfPresent(tek), try keyIfPresent(tik)) {
    case (nil, nil): return nil
    case (nil, _): throw .file(path: tek, .missing)
    case (_, nil): throw .file(path: tik, .missing)
    case (let tek?, let tik?):
      do {
        return try TransportKeys(tek: tek, tik: tik)
      } catch {
        throw .crypto(error)
      }
    }
  }

  private static func keyIfPresent(_ path: String) throws(CoreError) -> SecretBytes? {
    do throws(CoreError) {
      return try TransportKeyFile.read(path)
    } catch .file(_, .missing) {
      return nil
    } catch {
      throw error
    }
  }

  private static func base64(_ path: String) throws(CoreError) -> [UInt8] {
    let text = try InputFile.read(path, limit: 64 << 10)
    guard let bytes = Base64.decode(String(decoding: text, as: UTF8.self).trimmingBlanks) else {
      throw .usage("\(path) is not base64")
    }
    return bytes
  }

  package static func describe(prefix: String) throws(CoreError) -> SessionDescription {
    let session = try read(prefix: prefix, policy: SEVPolicy(rawValue: 0))
    return try SessionDescription(
      session, prefix: prefix, policy: nil, platformVerified: false, simulated: false)
  }
}

/// A session without its keys.
package struct SessionDescription: Encodable, Equatable, Sendable {
  package var prefix: String
  package var policy: String?
  package var platformVerified: Bool
  /// SHA-256, hex.
  package var ownerCertificateDigest: String
  package var sessionDigest: String
  package var nonce: String
  package var simulated: Bool

  init(
    _ session: OwnerSession, prefix: String, policy: String?, platformVerified: Bool, simulated: Bool
  ) throws(CoreError) {
    self.prefix = prefix
    self.policy = policy
    self.platformVerified = platformVerified
    self.simulated = simulated
    do {
      ownerCertificateDigest = Hex.encode(try SHA256.hash(session.ownerCertificate.serialized()))
      sessionDigest = Hex.encode(try SHA256.hash(session.blob.serialized()))
    } catch {
      throw .crypto(error)
    }
    nonce = Hex.encode(session.blob.nonce)
  }
}
