package import CVMCrypto

/// Why a certificate's signature by a given parent is not accepted.
package enum SignatureProblem: Error, Equatable, Sendable {
  /// A slot claims a usage without an algorithm, or the reverse.
  case halfEmptySlot
  /// Both slots are empty: the certificate is not signed at all.
  case unsigned
  /// No slot claims the parent's usage and algorithm.
  case notByParent
  /// A number or padding is not of the signature's form, or an empty slot holds bytes.
  case malformed
  case wrong
  case crypto(CryptoError)

  /// What the firmware answers where it meets the problem (PEK_CERT_IMPORT, SEND_START).
  package var status: FirmwareStatus {
    switch self {
    case .unsigned, .notByParent: .invalidCertificate
    case .halfEmptySlot, .malformed, .wrong: .badSignature
    case .crypto: .hardwareErrorPlatform
    }
  }

  package var summary: String {
    switch self {
    case .halfEmptySlot:
      "a signature slot claims a usage without an algorithm, or an algorithm without a usage"
    case .unsigned: "not signed"
    case .notByParent: "no signature claims the parent's usage and algorithm"
    case .malformed: "the signature is malformed"
    case .wrong: "the signature is wrong"
    case .crypto(let error): error.summary
    }
  }
}

/// A key that signs SEV certificates, with the usage and algorithm under which it does so.
package struct CertificateSigner: Sendable {
  package let usage: CertificateUsage
  package let algorithm: CertificateAlgorithm
  package let key: CertificateKey

  init(usage: CertificateUsage, algorithm: CertificateAlgorithm, key: CertificateKey) {
    self.usage = usage
    self.algorithm = algorithm
    self.key = key
  }
}

extension SEVCertificate {
  /// This certificate as a parent.
  package var signer: CertificateSigner {
    CertificateSigner(usage: usage, algorithm: algorithm, key: publicKey)
  }

  /// Neither slot claims a signature. The CEK as a host exports it is in this state.
  package var isUnsigned: Bool { slots.allSatisfy(\.isEmpty) }

  /// Returns only if the parent's key signed this certificate. A slot counts only if its usage and
  /// algorithm are the parent's PUBKEY_USAGE and PUBKEY_ALGO; of those that count, each must be right.
  /// Which usage may sign which is the caller's rule.
  package func checkSignature(by parent: CertificateSigner) throws(SignatureProblem) {
    guard !slots.contains(where: \.isHalfEmpty) else { throw .halfEmptySlot }
    guard !isUnsigned else { throw .unsigned }
    guard !slots.contains(where: \.isLittered) else { throw .malformed }
    let counting = slots.filter {
      $0.usage == parent.usage.rawValue && $0.algorithm == parent.algorithm.rawValue
    }
    guard !counting.isEmpty else { throw .notByParent }
    for slot in counting {
      guard try slot.verifies(body, by: parent) else { throw .wrong }
    }
  }
}

extension SignatureSlot {
  fileprivate func verifies(
    _ body: [UInt8], by parent: CertificateSigner
  ) throws(SignatureProblem) -> Bool {
    switch (parent.algorithm.family, parent.key) {
    case (.ecdsa, .p384(let key)): try ecdsa(body, key, parent.algorithm.hash)
    case (.rsa, .rsa(let key)): try rsa(body, key, parent.algorithm.hash)
    default: throw .notByParent  // a Diffie-Hellman key signs nothing
    }
  }

  private func ecdsa(
    _ body: [UInt8], _ key: P384.PublicKey, _ hash: HashAlgorithm
  ) throws(SignatureProblem) -> Bool {
    let (r, rest) = (Array(signature[..<72]), signature[72...])
    let (s, padding) = (Array(rest.prefix(72)), rest.dropFirst(72))
    guard padding.allSatisfy({ $0 == 0 }) else { throw .malformed }
    let number: ECDSASignature
    do { number = try ECDSAField.signature(r: r, s: s) } catch { throw .malformed }
    do { return try key.verify(number, of: body, hash: hash) } catch { throw .crypto(error) }
  }

  private func rsa(
    _ body: [UInt8], _ key: RSAPSS.PublicKey, _ hash: HashAlgorithm
  ) throws(SignatureProblem) -> Bool {
    let size = key.modulus.count
    guard size <= signature.count, signature[size...].allSatisfy({ $0 == 0 }) else { throw .malformed }
    do { return try key.verify(signature[..<size].reversed(), of: body, hash: hash) } catch {
      throw .crypto(error)
    }
  }
}
