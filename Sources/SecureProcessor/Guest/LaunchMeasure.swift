package import SEV

import CVMCrypto

extension SecureProcessor {
  /// LAUNCH_MEASURE: closes the digest and signs for it with TIK and a fresh MNONCE. LUPDATE → LSECRET.
  /// `length` is the size of the caller's buffer. A SEV-ES guest without any VMSA is measured too: the
  /// firmware does not count them.
  package mutating func launchMeasure(
    _ handle: GuestHandle, length: Int = LaunchMeasurement.size, entropy: any Entropy
  ) throws(CommandFailure) -> LaunchMeasurement {
    var guest = try guest(handle)
    try requireState(guest, .launchUpdate)
    try require(buffers: [length], atLeast: [LaunchMeasurement.size])
    guard case .open(let stream) = guest.digest, let keys = guest.transportKeys else {
      throw CommandFailure(.invalidGuestState)
    }
    let nonce = try hardware { () throws(CryptoError) in try entropy.bytes(LaunchMeasurement.nonceSize) }
    let digest = try hardware { () throws(CryptoError) in try stream.finalize() }
    let measurement = try hardware { () throws(CryptoError) in
      try LaunchMeasurement.compute(
        apiMajor: model.apiMajor, apiMinor: model.apiMinor, build: model.build, policy: guest.policy,
        digest: digest, nonce: nonce, tik: keys.tik)
    }
    guest.digest = .closed(digest)
    guest.measurement = measurement.hmac
    guest.state = .launchSecret
    guests[handle]?.context = guest
    return measurement
  }

  /// LAUNCH_FINISH: forgets TEK, TIK and the measurement, lets the ASID run. LSECRET → RUNNING.
  package mutating func launchFinish(_ handle: GuestHandle) throws(CommandFailure) {
    var guest = try guest(handle)
    try requireState(guest, .launchSecret)
    guest.transportKeys = nil
    guest.measurement = nil
    guest.state = .running
    guests[handle]?.context = guest
  }
}
