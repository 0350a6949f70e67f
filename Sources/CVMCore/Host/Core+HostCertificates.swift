import Attestation
import Bytes
import SEV
import StateStore

/// Where exported certificates went.
package struct ExportedCertificates: Encodable, Equatable, Sendable {
  package var sevFile: String
  package var caFile: String?
  package var cekSigned: Bool
  package var simulated: Bool
}

extension Core {
  package func verifyHostCertificates(
    trustRoot: String?, allowsSimulated: Bool
  ) throws(CoreError) -> PlatformVerification {
    let presented = try platform()
    let isSimulatedHost = try backend().isSimulated
    let consents = allowsSimulated || self.allowsSimulated || isSimulatedHost
    let anchors = try TrustAnchors(rootFile: trustRoot, allowsSimulated: consents)
    return PlatformVerification(try chain(of: presented.platform).verify(against: anchors))
  }

  /// Keeps the signed CEK and AMD's ASK and ARK for this host, once the whole chain verifies with them.
  package func importCertificates(
    cek: String, ca: String, trustRoot: String?, allowsSimulated: Bool
  ) throws(CoreError) -> PlatformVerification {
    try requireWritable()
    let size = SEVCertificate.size
    var cekBytes = try InputFile.read(cek, limit: 1 << 20)
    if cekBytes.count == 4 * size { cekBytes = Array(cekBytes.suffix(size)) }
    let caBytes = try InputFile.read(ca, limit: 1 << 20)
    let presented = try platform()
    let anchors = try TrustAnchors(
      rootFile: trustRoot, allowsSimulated: allowsSimulated || self.allowsSimulated)
    let chain: PlatformChain
    do {
      chain = try PlatformChain(
        pdh: presented.platform.pdh, certificateChain: presented.platform.certificateChain, ca: caBytes,
        importedCEK: cekBytes)
    } catch {
      throw .malformedBytes(source: cek, error)
    }
    let verification = PlatformVerification(chain.verify(against: anchors))
    guard verification.accepted, case .success(let ask)? = chain.ask, case .success(let ark)? = chain.ark
    else {
      return verification
    }
    let host = hostKey
    let store = try store()
    let detail = [
      (key: "product", value: verification.product ?? ""),
      (key: "simulated", value: verification.simulated ? "true" : "false"),
    ]
    try stored { () throws(StoreError) in
      try store.act(record("host.certs.import", object: host, detail: detail)) {
        transaction throws(StoreError) in
        try transaction.setHostCertificate(
          host: host, cek: cekBytes, ask: ask.serialized(), ark: ark.serialized())
      }
    }
    lastVerdict = nil  // it was given without these certificates
    return verification
  }

  /// Writes PDH, PEK, OCA and CEK as sevctl does, the CEK signed where the signed one is known; ASK and ARK into a second file.
  package func exportCertificates(to file: String, ca: String?) throws(CoreError) -> ExportedCertificates {
    let presented = try platform()
    let own = try hosted { backend throws(BackendError) in try backend.endorsements() }
    let row = own == nil ? try importedEndorsements() : nil
    let size = SEVCertificate.size
    let cek = own?.cek ?? row?.cek
    let bundle = own?.ca ?? row.flatMap { row in row.ask.flatMap { ask in row.ark.map { ask + $0 } } }
    if ca != nil, bundle == nil {
      throw .notFound(.hostCertificates, "ASK and ARK of \(hostKey)")
    }
    try OutputFile.requireAbsent(file)
    if let ca { try OutputFile.requireAbsent(ca) }
    let chain = presented.platform.certificateChain
    try OutputFile.create(
      file, presented.platform.pdh + chain.prefix(2 * size) + (cek ?? Array(chain.suffix(size))), mode: 0o644)
    if let ca, let bundle { try OutputFile.create(ca, bundle, mode: 0o644) }
    return ExportedCertificates(
      sevFile: file, caFile: ca, cekSigned: cek != nil, simulated: presented.isSimulated)
  }
}
