package import CVMCrypto
internal import SEV

/// Whose word a verifier takes.
package struct TrustAnchors: Equatable, Sendable {
  /// AMD's keys, as pinned in `AMDRoots`; empty where AMD is not trusted.
  package let pins: [AMDRoots.Pin]
  /// SHA-256 of root certificate (ARK) files that the operator vouches for, exact bytes.
  package let rootFiles: [[UInt8]]
  /// Simulated roots: anyone's.
  package let acceptsSimulated: Bool

  /// What a verifier uses unless told otherwise.
  package static let amd = TrustAnchors(pins: AMDRoots.pins, rootFiles: [], acceptsSimulated: false)
  /// Simulated roots alone. Proves nothing to anyone.
  package static let simulated = TrustAnchors(pins: [], rootFiles: [], acceptsSimulated: true)

  /// One root alone, given by its certificate file.
  package static func rootFile(_ bytes: [UInt8]) throws(CryptoError) -> TrustAnchors {
    TrustAnchors(pins: [], rootFiles: [try SHA256.hash(bytes)], acceptsSimulated: false)
  }

  /// Whoever is trusted by either.
  package func and(_ other: TrustAnchors) -> TrustAnchors {
    TrustAnchors(
      pins: pins + other.pins.filter { !pins.contains($0) }, rootFiles: rootFiles + other.rootFiles,
      acceptsSimulated: acceptsSimulated || other.acceptsSimulated)
  }

  init(pins: [AMDRoots.Pin], rootFiles: [[UInt8]], acceptsSimulated: Bool) {
    self.pins = pins
    self.rootFiles = rootFiles
    self.acceptsSimulated = acceptsSimulated
  }
}

/// Why a root is trusted.
package enum RootTrust: Equatable, Sendable {
  /// Its key is AMD's for this product.
  case amd(AMDProduct)
  /// Its certificate is a file that the operator gave.
  case rootFile
  /// It calls itself simulated, and simulations were asked for.
  case simulated
}

extension TrustAnchors {
  /// Why `ark` is trusted; nil where it is not. A root that calls itself simulated is trusted as that or
  /// not at all.
  func trust(_ ark: CACertificate) throws(CryptoError) -> RootTrust? {
    if let product = try product(of: ark) { return .amd(product) }
    guard !SimulatedRoots.marks(ark) else { return acceptsSimulated ? .simulated : nil }
    return rootFiles.contains(try SHA256.hash(ark.serialized())) ? .rootFile : nil
  }

  /// The product whose pinned key this is.
  func product(of certificate: CACertificate) throws(CryptoError) -> AMDProduct? {
    let digest = try certificate.modulusDigest()
    return pins.first { $0.usage == certificate.usage && $0.modulus == digest }?.product
  }
}
