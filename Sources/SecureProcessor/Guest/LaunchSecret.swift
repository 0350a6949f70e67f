import CVMCrypto
import SEV

/// The arguments of LAUNCH_SECRET. Source: AMD 55766, section 6.6.
package struct LaunchSecret: Sendable {
  package var handle: GuestHandle
  /// FLAGS, IV and MAC, 52 bytes.
  package var header: [UInt8]
  /// Where the plaintext goes, and how much of it.
  package var guestAddress: UInt64
  package var guestLength: Int
  /// The ciphertext.
  package var transport: [UInt8]

  package init(handle: GuestHandle, header: [UInt8], guestAddress: UInt64, transport: [UInt8]) {
    self.handle = handle
    self.header = header
    self.guestAddress = guestAddress
    guestLength = transport.count
    self.transport = transport
  }
}

extension SecureProcessor {
  /// LAUNCH_SECRET: opens a packet of the guest owner into the guest's memory. Only in LSECRET, where it may
  /// be repeated; a refused packet leaves the guest there.
  package func launchSecret(_ request: LaunchSecret, memory: any GuestMemory) throws(CommandFailure) {
    let guest = try guest(request.handle)
    try requireAligned(request.guestAddress)
    try require(request.header.count == SecretPacket.headerSize, else: .invalidLength)
    try requireBlocks(request.guestLength)
    try require(request.guestLength <= SecretTable.packetLimit, else: .invalidLength)
    try require(request.guestLength == request.transport.count, else: .invalidLength)
    try requireState(guest, .launchSecret)
    try requireActive(request.handle)
    guard let keys = guest.transportKeys, let measurement = guest.measurement else {
      throw CommandFailure(.invalidGuestState)
    }
    let secret = try open(request, keys, measurement)
    // The ciphertext of a page is made from an array; this copy ends with the call.
    let plaintext = secret.withBytes { unsafe [UInt8]($0) }
    try store(plaintext, at: request.guestAddress, of: guest, in: memory)
  }

  /// BAD_MEASUREMENT for a wrong MAC, then UNSUPPORTED for a compressed packet.
  private func open(
    _ request: LaunchSecret, _ keys: TransportKeys, _ measurement: [UInt8]
  ) throws(CommandFailure) -> SecretBytes {
    guard let packet = try? SecretPacket(header: request.header, payload: request.transport) else {
      throw CommandFailure(.invalidLength)
    }
    do {
      return try packet.open(keys: keys, measurement: measurement)
    } catch {
      throw CommandFailure(error)
    }
  }
}
