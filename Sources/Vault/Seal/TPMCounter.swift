import CTPM

/// A log's counter in a TPM 2.0: an NV index of type counter (TPM 2.0 Library, Part 1, section 37.2.3), which only goes up, and
/// which goes on above every earlier value where somebody removes and makes it anew.
package struct TPMCounter: Equatable, Sendable {
  /// Bytes of a mark.
  package static let markSize = 32

  /// Name of the TPM's primary storage key, 34 bytes: another one in another TPM, and after its owner was cleared.
  package let tpm: [UInt8]
  /// The NV index; nil where the TPM has no counter with the mark.
  package let index: UInt32?
  /// Nil where it was never raised.
  package let value: UInt64?

  /// The counter with a mark, as it is. `.tpm` where the TPM does not say.
  /// - Parameters:
  ///   - mark: 32 bytes: whose counter it is.
  ///   - address: where the TPM is, as for a seal.
  package init(of mark: [UInt8], at address: TPMAddress?) throws(VaultError) {
    try self.init(of: mark, at: address, tpm: [], least: 0)
  }

  /// The same counter, raised once or more until it has a value; it is made where there is none. The TPM must be the same one.
  package func raised(
    to value: UInt64, of mark: [UInt8], at address: TPMAddress?
  ) throws(VaultError) -> TPMCounter {
    try TPMCounter(of: mark, at: address, tpm: tpm, least: value)
  }

  private init(
    of mark: [UInt8], at address: TPMAddress?, tpm expected: [UInt8], least: UInt64
  ) throws(VaultError) {
    let address = try TPM(at: address)
    var counter = cvm_tpm_counter()
    unsafe withUnsafeMutableBytes(of: &counter.tpm) { unsafe $0.copyBytes(from: expected.prefix($0.count)) }
    let result = unsafe address.tcti.withCString { tcti in
      unsafe mark.withUnsafeBytes { mark -> UInt32 in
        guard let start = mark.baseAddress, mark.count == Self.markSize else {
          return UInt32(cvm_tpm_malformed)
        }
        return unsafe cvm_tpm_count(tcti, start, least, TPM.patience, &counter)
      }
    }
    if let problem = TPMProblem(result) { throw .tpm(problem == .wrongPIN ? .ownerPassword : problem) }
    tpm = unsafe withUnsafeBytes(of: counter.tpm) { unsafe Array($0) }
    index = counter.index == 0 ? nil : counter.index
    value = counter.index != 0 && counter.has_value != 0 ? counter.value : nil
  }
}
