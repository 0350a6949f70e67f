import Bytes
import CVMCrypto
import SEV
import StateStore
import Vault

/// Where a key that signs an ID block or another key is.
package enum IDKeySource: Equatable, Sendable {
  /// PEM or DER, P-384, readable by its owner only.
  case file(String)
  /// A p384 key of the vault.
  case vault(KeyReference)
}

/// What an ID block is for.
package struct IDBlockRequest: Sendable {
  package var launch: ExpectedLaunch
  /// 16 bytes each.
  package var familyID: [UInt8]
  package var imageID: [UInt8]
  package var guestSVN: UInt32
  /// A name, a number or AMD's bit names; nil for the policy of an IGVM file, or else the default one.
  package var policy: String?
  package var consent: PolicyConsent

  package init(
    launch: ExpectedLaunch, familyID: [UInt8], imageID: [UInt8], guestSVN: UInt32, policy: String?,
    consent: PolicyConsent
  ) {
    self.launch = launch
    self.familyID = familyID
    self.imageID = imageID
    self.guestSVN = guestSVN
    self.policy = policy
    self.consent = consent
  }
}

/// The launch that somebody expects.
package enum ExpectedLaunch: Equatable, Sendable {
  /// Its digest, 48 bytes.
  case digest([UInt8])
  /// What QEMU makes of an IGVM file.
  case igvm(String)

  /// The digest, and the policy where the source tells one.
  func facts() throws(CoreError) -> (digest: [UInt8], policy: SNPPolicy?) {
    switch self {
    case .digest(let digest): return (digest, nil)
    case .igvm(let path):
      let file = try IGVMPrediction.read(path)
      do { return (try file.launchDigest(), file.policy) } catch { throw .crypto(error) }
    }
  }
}

extension Core {
  /// Makes an ID block, signed, in new files of this prefix.
  package func createIDBlock(
    _ request: IDBlockRequest, idKey: IDKeySource, author: IDKeySource?, prefix: String, isBinary: Bool
  ) throws(CoreError) -> IDBlockInfo {
    let files = IDBlockFiles(prefix: prefix, isBinary: isBinary)
    try files.requireAbsent()
    let block = try block(request)
    let digest = Hex.encode(block.launchDigest)
    let key = try signingKey(idKey, digest)
    let authorKey = try author.map { source throws(CoreError) in try signingKey(source, digest) }
    let auth: IDAuth
    do { auth = try IDAuth.sign(block, idKey: key, author: authorKey) } catch { throw .crypto(error) }
    try files.write(block, auth, isBinary: isBinary)
    return try IDBlockInfo(block, auth, files: files)
  }

  private func block(_ request: IDBlockRequest) throws(CoreError) -> IDBlock {
    let (digest, loaded) = try request.launch.facts()
    let policy = try idBlockPolicy(request, loaded)
    do {
      return try IDBlock(
        launchDigest: digest, familyID: request.familyID, imageID: request.imageID,
        guestSVN: request.guestSVN, policy: policy)
    } catch {
      throw .crypto(error)
    }
  }

  private func idBlockPolicy(_ request: IDBlockRequest, _ loaded: SNPPolicy?) throws(CoreError) -> SNPPolicy {
    let value =
      if let text = request.policy { try policy(text, type: .sevSNP).value } else {
        PolicyValue(type: .sevSNP, rawValue: (loaded ?? .snpDefault).rawValue)
      }
    try request.consent.require(value)
    guard loaded == nil || loaded?.rawValue == value.rawValue else {
      throw .conflict(
        "the IGVM file has policy \(loaded?.description ?? ""), which QEMU launches it with, not \(value.text)"
      )
    }
    return SNPPolicy(rawValue: value.rawValue)
  }

  private func signingKey(_ source: IDKeySource, _ digest: String) throws(CoreError) -> P384.PrivateKey {
    switch source {
    case .file(let path):
      let file = try InputFile.readSecret(path, limit: P384.PrivateKey.fileLimit)
      do { return try P384.PrivateKey(file: file) } catch {
        throw .usage("\(path): \(error.summary)", hint: "openssl ecparam -name secp384r1 -genkey -noout")
      }
    case .vault(let reference):
      let row = try namedKey(reference.name, in: try store())
      guard try algorithm(of: row) == .p384 else {
        throw .usage("key '\(reference.name)' is \(row.algorithm): ID blocks are signed with p384 keys")
      }
      let key = try openKey(
        reference.name, version: reference.version, for: .protect, act: "key.sign",
        detail: [(key: "idBlock", value: digest)])
      do { return try P384.PrivateKey(scalar: key.secret) } catch { throw .crypto(error) }
    }
  }
}
