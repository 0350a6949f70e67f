import CVMCore
import SEV
import SecureProcessor

/// A simulated host's certificates as files that an owner verifies. Their root is the host's own: whoever
/// accepts it accepts a simulation.
package struct HostCertificates: Equatable, Sendable {
  /// PDH ‖ PEK ‖ OCA ‖ CEK, the CEK *signed*, as `sevctl export` writes it.
  package let chain: [UInt8]
  /// ASK ‖ ARK.
  package let root: [UInt8]
  /// The CEK as AMD's key server would give it.
  package let signedCEK: [UInt8]

  init(_ processor: SecureProcessor) throws(BackendError) {
    let export: (pdh: [UInt8], chain: [UInt8])
    do { export = try processor.pdhCertificateExport() } catch {
      throw .failed(operation: "PDH_CERT_EXPORT", reason: error.summary)
    }
    signedCEK = processor.chip.signedCEK
    chain = export.pdh + export.chain.prefix(2 * SEVCertificate.size) + signedCEK
    root = processor.chip.ask + processor.chip.ark
  }
}
