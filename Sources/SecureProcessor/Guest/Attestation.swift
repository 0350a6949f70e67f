import CVMCrypto
package import SEV

extension SecureProcessor {
  /// ATTESTATION: policy and launch digest under the caller's nonce (16 bytes), signed by the PEK. Needs no
  /// session. `length` is the size of the caller's buffer.
  package func attestation(
    _ handle: GuestHandle, nonce: [UInt8], length: Int = SEVReport.size
  ) throws(CommandFailure) -> SEVReport {
    let guest = try guest(handle)
    try requireState(guest, .launchSecret, .running, .sendUpdate, .sent)
    try require(buffers: [length], atLeast: [SEVReport.size])
    guard case .closed(let digest) = guest.digest, let keys = platform.keys, nonce.count == 16 else {
      throw CommandFailure(.invalidGuestState)
    }
    return try hardware { () throws(CryptoError) in
      try SEVReport(
        nonce: nonce, digest: digest, policy: guest.policy,
        signedBy: P384.PrivateKey(scalar: keys.pekScalar))
    }
  }
}
