private import Bytes
private import CVMCrypto
internal import SEV

extension PlatformChain {
  /// Follows every link from the root down to the PDH. All links are looked at, whatever is found on the
  /// way.
  package func verify(against anchors: TrustAnchors) -> ChainResult {
    var verifier = ChainVerifier(chain: self, anchors: anchors)
    return verifier.run()
  }
}

/// One verification of one chain: the checks in the order of the chain, root first.
private struct ChainVerifier {
  let chain: PlatformChain
  let anchors: TrustAnchors
  var checks = CheckList()
  var product: AMDProduct?

  /// The checks that may be skipped in an accepted chain; any other one must have passed.
  static let optional: Set = ["root.ask", "signature.ark", "binding.cek"]

  mutating func run() -> ChainResult {
    let ark = authority(chain.ark, .ark)
    let ask = authority(chain.ask, .ask)
    let trust = root(ark, ask)
    arkSignature(ark, trust)
    askSignature(ask, ark)
    let cek = endorsementKey(signedBy: ask)
    let oca = certificate(chain.oca, .oca) { $0 == .ecdsa || $0 == .rsa }
    let pek = certificate(chain.pek, .pek) { $0 == .ecdsa }
    let pdh = certificate(chain.pdh, .pdh) { $0 == .ecdh }
    link("signature.oca", oca, by: oca?.signer, named: .oca)
    link("signature.pek.oca", pek, by: oca?.signer, named: .oca)
    link("signature.pek.cek", pek, by: cek?.signer, named: .cek)
    link("signature.pdh", pdh, by: pek?.signer, named: .pek)
    var platform: VerifiedPlatform?
    if checks.allPassed(besides: Self.optional), let pdh, let pek, let trust {
      platform = VerifiedPlatform(pdh: pdh, pek: pek, trust: trust)
    }
    let isSimulated = [ark, ask].contains { $0.map(SimulatedRoots.marks) == true }
    return ChainResult(
      checks: checks.checks, product: product, isSimulated: isSimulated, platform: platform)
  }
}

// MARK: AMD's certificates

extension ChainVerifier {
  private mutating func authority(
    _ parsed: PlatformChain.Parsed<CACertificate>?, _ usage: CertificateUsage
  ) -> CACertificate? {
    let id = "format." + usage.amdName.lowercased()
    switch parsed {
    case nil:
      checks.fail(id, "no \(usage.amdName) is given")
    case .failure(let error):
      checks.fail(id, error.summary)
    case .success(let certificate):
      checks.require(id, certificate.usage == usage, else: "not an \(usage.amdName)")
      return certificate.usage == usage ? certificate : nil
    }
    return nil
  }

  /// Checks what the whole chain hangs on: the root is trusted, and the signing key is the one that goes
  /// with it.
  private mutating func root(_ ark: CACertificate?, _ ask: CACertificate?) -> RootTrust? {
    guard let ark else {
      checks.skip("root.ark", "there is no ARK to look at")
      checks.skip("root.ask", "there is no ARK to look at")
      return nil
    }
    do {
      product = try anchors.product(of: ark)
      if product == nil { product = try TrustAnchors.amd.product(of: ark) }
      let trust = try anchors.trust(ark)
      checks.require("root.ark", trust != nil, else: distrust(of: ark))
      try signingKey(ask, under: trust)
      return trust
    } catch {
      checks.fail("root.ark", error.summary)
      return nil
    }
  }

  private func distrust(of ark: CACertificate) -> String {
    if SimulatedRoots.marks(ark) { return "the root is simulated, and simulations are not accepted" }
    return !anchors.pins.isEmpty
      ? "the root key is not one of AMD's" : "the root is not the one that is trusted here"
  }

  private mutating func signingKey(_ ask: CACertificate?, under trust: RootTrust?) throws(CryptoError) {
    guard let ask, let trust else {
      checks.skip("root.ask", ask == nil ? "there is no ASK to look at" : "the root is not trusted")
      return
    }
    switch trust {
    case .amd(let product):
      let known = try anchors.product(of: ask)
      checks.require(
        "root.ask", known == product, else: "the signing key is not AMD's for \(product.rawValue)")
    case .rootFile:
      checks.skip("root.ask", "only AMD's signing keys are pinned")
    case .simulated:
      let matches = chain.ark.map { ark in
        if case .success(let ark) = ark { SimulatedRoots.match(ark: ark, ask: ask) } else { false }
      }
      checks.require("root.ask", matches == true, else: "the signing key does not call itself simulated")
    }
  }

  private mutating func arkSignature(_ ark: CACertificate?, _ trust: RootTrust?) {
    guard let ark else { return checks.skip("signature.ark", "there is no ARK to look at") }
    guard ark.signature != nil else {
      // AMD published the first Naples root without a signature; the pinned key makes up for it.
      guard trust != nil, product == .naples else {
        return checks.fail("signature.ark", "the root is not signed")
      }
      return checks.skip("signature.ark", "this root was published unsigned; its key is pinned")
    }
    signature("signature.ark", of: ark, by: ark)
  }

  private mutating func askSignature(_ ask: CACertificate?, _ ark: CACertificate?) {
    guard let ask, let ark else {
      return checks.skip("signature.ask", "there is no \(ask == nil ? "ASK" : "ARK") to look at")
    }
    signature("signature.ask", of: ask, by: ark)
  }

  private mutating func signature(_ id: String, of certificate: CACertificate, by parent: CACertificate) {
    do {
      let isSigned = try certificate.isSigned(by: parent)
      checks.require(id, isSigned, else: "not signed by the ARK")
    } catch {
      checks.fail(id, error.summary)
    }
  }
}

// MARK: The platform's certificates

extension ChainVerifier {
  private mutating func certificate(
    _ parsed: PlatformChain.Parsed<SEVCertificate>, _ usage: CertificateUsage,
    _ allows: (CertificateAlgorithm.Family) -> Bool
  ) -> SEVCertificate? {
    let id = "format." + usage.amdName.lowercased()
    switch parsed {
    case .failure(let error):
      checks.fail(id, error.summary)
      return nil
    case .success(let certificate):
      let isRight = certificate.usage == usage && certificate.algorithm.family.map(allows) == true
      checks.require(id, isRight, else: "usage or algorithm is not a \(usage.amdName)'s")
      return isRight ? certificate : nil
    }
  }

  /// The CEK to go by, which is the imported one where there is one.
  private mutating func endorsementKey(signedBy ask: CACertificate?) -> SEVCertificate? {
    let cek = certificate(chain.importedCEK ?? chain.hostCEK, .cek) { $0 == .ecdsa }
    importedMatchesHost(cek)
    guard let cek, cek.isUnsigned else {
      link("signature.cek", cek, by: ask?.signer, named: .ask)
      return cek
    }
    checks.fail("signature.cek", "unsigned CEK: import the signed one")
    return cek
  }

  /// The imported certificate must be for the key that the host names. The API version may differ: it
  /// tells which firmware made the host's copy.
  private mutating func importedMatchesHost(_ imported: SEVCertificate?) {
    let id = "binding.cek"
    guard chain.importedCEK != nil else { return checks.skip(id, "no CEK was imported") }
    switch (imported, chain.hostCEK) {
    case (nil, _): checks.skip(id, "there is no CEK to look at")
    case (_, .failure(let error)): checks.fail(id, error.summary)
    case (let imported?, .success(let host)):
      let isSame =
        imported.usage == host.usage && imported.algorithm == host.algorithm
        && imported.publicKey == host.publicKey
      checks.require(id, isSame, else: "the imported CEK is another chip's")
    }
  }

  private mutating func link(
    _ id: String, _ certificate: SEVCertificate?, by parent: CertificateSigner?, named usage: CertificateUsage
  ) {
    guard let certificate else { return checks.skip(id, "the certificate cannot be read") }
    guard let parent else { return checks.skip(id, "there is no \(usage.amdName) to check it against") }
    do {
      try certificate.checkSignature(by: parent)
      checks.pass(id)
    } catch {
      checks.fail(id, error.summary)
    }
  }
}
