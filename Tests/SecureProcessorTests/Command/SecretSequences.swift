import SEV
import SecureProcessor

/// LAUNCH_SECRET, ATTESTATION and the debug commands.
enum SecretSequences {
  static let all: [CommandSequence] = secret + attestation + debug

  private static func changed(
    _ change: @escaping @Sendable (inout LaunchSecret) -> Void
  ) -> @Sendable (World) throws -> Command {
    { world in
      var secret = try world.secret()
      change(&secret)
      return .launchSecret(secret)
    }
  }

  private static let secret: [CommandSequence] = [
    CommandSequence("LAUNCH_SECRET in LSECRET", Prefix.measured + [.ok { .launchSecret(try $0.secret()) }]),
    CommandSequence(
      "LAUNCH_SECRET repeated and overwriting",
      Prefix.measured + [.ok { .launchSecret(try $0.secret()) }, .ok { .launchSecret(try $0.secret()) }]),
    CommandSequence(
      "address, header, length come before the guest's state",
      Prefix.launching(3) + [
        .fails(
          .invalidAddress,
          changed {
            $0.guestAddress += 8; $0.header = []
          }),
        .fails(.invalidLength, changed { $0.header.removeLast() }),
        .fails(.invalidGuestState, changed { _ in }),
      ]),
    CommandSequence(
      "lengths",
      Prefix.measured + [
        .fails(
          .invalidLength,
          changed {
            $0.transport = []; $0.guestLength = 0
          }),
        .fails(
          .invalidLength,
          changed {
            $0.transport.removeLast(); $0.guestLength -= 1
          }),
        .fails(.invalidLength, changed { $0.guestLength -= 16 }),
        .fails(
          .invalidLength,
          changed {
            $0.transport = Simulation.bytes(16400); $0.guestLength = 16400
          }),
        .ok { .launchSecret(try $0.secret(count: 16384)) },
      ]),
    CommandSequence(
      "an inactive guest comes before the MAC",
      Prefix.measured + [
        .ok(.deactivate(1)), .fails(.inactive, changed { $0.header[20] ^= 1 }),
      ]),
    CommandSequence(
      "every part of a packet is bound by its MAC",
      Prefix.measured + [
        .fails(.badMeasurement, changed { $0.header[1] ^= 1 }),
        .fails(.badMeasurement, changed { $0.header[4] ^= 1 }),
        .fails(.badMeasurement, changed { $0.header[20] ^= 1 }),
        .fails(.badMeasurement, changed { $0.header[51] ^= 1 }),
        .fails(.badMeasurement, changed { $0.transport[0] ^= 1 }),
        .fails(.badMeasurement, changed { $0.transport[63] ^= 1 }),
        .fails(
          .badMeasurement,
          changed {
            $0.transport.removeLast(16); $0.guestLength = 48
          }),
      ]),
    CommandSequence(
      "a packet for another launch's measurement",
      Prefix.measured + [
        .fails(.badMeasurement) { world in
          var other = world
          other.measurement[0] ^= 1
          return .launchSecret(try other.secret())
        },
        .ok { .launchSecret(try $0.secret()) },
      ]),
    CommandSequence(
      "the MAC comes before the compressed flag",
      Prefix.measured + [.fails(.badMeasurement, changed { $0.header[0] = 1 })]),
    CommandSequence(
      "a refused secret leaves the guest in LSECRET",
      Prefix.measured + [
        .fails(.badMeasurement, changed { $0.header[20] ^= 1 }), .ok { .launchSecret(try $0.secret()) },
        .ok(.launchFinish(1)),
      ]),
    CommandSequence(
      "a secret to memory that is not there",
      Prefix.measured + [
        .fails(.invalidAddress) { .launchSecret(try $0.secret(at: 1 << 24)) }
      ]),
  ]

  private static let nonce = [UInt8](repeating: 7, count: 16)

  private static let attestation: [CommandSequence] = [
    CommandSequence(
      "ATTESTATION in LUPDATE",
      Prefix.launching() + [.fails(.attestation(1, nonce: nonce, length: 0), .invalidGuestState)]),
    CommandSequence(
      "ATTESTATION in LSECRET and RUNNING needs 208 bytes",
      Prefix.measured + [
        .fails(.attestation(1, nonce: nonce, length: 207), .invalidLength),
        .ok(.attestation(1, nonce: nonce, length: 208)), .ok(.launchFinish(1)),
        .ok(.attestation(1, nonce: nonce, length: 208)),
      ]),
    CommandSequence(
      "ATTESTATION without a session or an ASID",
      Prefix.on + [
        .ok(Prefix.start(1)), Prefix.measure, .ok(.attestation(1, nonce: nonce, length: 208)),
      ]),
  ]

  private static let debug: [CommandSequence] = [
    CommandSequence(
      "debugging: alignment and length come before the handle",
      Prefix.launching(0) + [
        .fails(.debugDecrypt(9, from: 8, to: 0, count: 1), .invalidAddress),
        .fails(.debugDecrypt(9, from: 0, to: 8, count: 1), .invalidAddress),
        .fails(.debugDecrypt(9, from: 0, to: 0, count: 1), .invalidLength),
        .fails(.debugEncrypt(9, from: 0, to: 0, count: 8), .invalidLength),
        .fails(.debugEncrypt(9, from: 0, to: 0, count: 16), .invalidGuest),
      ]),
    CommandSequence(
      "debugging: NODBG comes before inactive",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(.debugDecrypt(1, from: 0, to: 16, count: 16), .policyFailure),
        .ok(Prefix.start(0)), .fails(.debugDecrypt(2, from: 0, to: 16, count: 16), .inactive),
      ]),
    CommandSequence(
      "debugging in any state, with a length of 0 as well",
      Prefix.launching(0) + [
        .ok(.debugDecrypt(1, from: 0, to: 16, count: 0)), .ok(.debugDecrypt(1, from: 0, to: 16, count: 16)),
        Prefix.measure, .ok(.debugEncrypt(1, from: 0, to: 16, count: 16)), .ok(.launchFinish(1)),
        .ok(.debugEncrypt(1, from: 0, to: 4096, count: 4096)),
      ]),
    CommandSequence(
      "NODBG holds in every state",
      Prefix.running + [
        .fails(.debugDecrypt(1, from: 0x1000, to: 0, count: 16), .policyFailure),
        .fails(.debugEncrypt(1, from: 0, to: 0x1000, count: 16), .policyFailure),
      ]),
  ]
}
