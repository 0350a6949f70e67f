import SEV
import SecureProcessor

/// Guest commands in right and wrong states, one list of checks after another, each in the list's order.
enum GuestSequences {
  static let all: [CommandSequence] = handles + start + activation + update + measure + finish

  private static func everyGuestCommand(_ handle: GuestHandle) -> [Command] {
    [
      .decommission(handle), .activate(handle, asid: 257), .deactivate(handle),
      .launchUpdateData(handle, address: 0, count: 16), .launchUpdateVMSA(handle, address: 0, count: 4096),
      .launchMeasure(handle, length: 48),
      .launchSecret(
        LaunchSecret(handle: handle, header: [], guestAddress: 1, transport: [])),
      .launchFinish(handle), .attestation(handle, nonce: [UInt8](repeating: 0, count: 16), length: 208),
      .debugDecrypt(handle, from: 0, to: 0, count: 16), .debugEncrypt(handle, from: 0, to: 0, count: 16),
    ]
  }

  private static let handles: [CommandSequence] = [
    CommandSequence(
      "guest commands in UNINIT", everyGuestCommand(1).map { .fails($0, .invalidPlatformState) }),
    CommandSequence(
      "guest commands in INIT", Prefix.on + everyGuestCommand(1).map { .fails($0, .invalidPlatformState) }),
    CommandSequence(
      "unknown handles", Prefix.launching() + everyGuestCommand(2).map { .fails($0, .invalidGuest) }),
    CommandSequence(
      "handle 0 is nobody", Prefix.launching() + everyGuestCommand(0).map { .fails($0, .invalidGuest) }),
    CommandSequence("GUEST_STATUS in UNINIT is refused", [.fails(.guestStatus(1), .invalidPlatformState)]),
    CommandSequence(
      "GUEST_STATUS of nobody succeeds",
      Prefix.on + [.ok(.guestStatus(7)), .ok(Prefix.start(1)), .ok(.guestStatus(7))]),
    CommandSequence(
      "the last DECOMMISSION leads back to INIT",
      Prefix.on + [.ok(Prefix.start(1)), .ok(.decommission(1)), .ok(.pekGenerate)]),
    CommandSequence(
      "DECOMMISSION of an active guest",
      Prefix.launching() + [.fails(.decommission(1), .active), .ok(.deactivate(1)), .ok(.decommission(1))]),
  ]

  private static let start: [CommandSequence] = [
    CommandSequence("LAUNCH_START in UNINIT is refused", [.fails(Prefix.start(1), .invalidPlatformState)]),
    CommandSequence(
      "a SEV-ES policy without SEV-ES",
      [.ok(Prefix.plain), .fails(Prefix.start(5), .unsupported), .ok(Prefix.start(1))]),
    CommandSequence("reserved policy bits pass without a session", Prefix.on + [.ok(Prefix.start(0x41))]),
    CommandSequence(
      "reserved policy bits with a session",
      Prefix.on + [.fails(.policyFailure) { Prefix.start(0x41, session: try $0.session(0x41)) }]),
    CommandSequence(
      "a policy for newer firmware",
      Prefix.on + [
        .fails(.policyFailure) { Prefix.start(0x3801_0001, session: try $0.session(0x3801_0001)) },
        .fails(.policyFailure) { Prefix.start(0x0002_0001, session: try $0.session(0x0002_0001)) },
        .ok { Prefix.start(0x3701_0001, session: try $0.session(0x3701_0001)) },
        .ok { Prefix.start(0xFF00_0001, session: try $0.session(0xFF00_0001)) },
      ]),
    CommandSequence(
      "the session's length comes before the certificate's",
      Prefix.on + [
        .fails(
          Prefix.start(1, session: LaunchSession(certificate: [], blob: [UInt8](repeating: 0, count: 127))),
          .invalidLength),
        .fails(.invalidLength) {
          var session = try $0.session(1)
          session.certificate.removeLast()
          return Prefix.start(1, session: session)
        },
      ]),
    CommandSequence(
      "an owner's certificate of another usage, algorithm, version or off the curve",
      Prefix.on
        + [0x08, 0x0C, 0x00, 0x14].map { offset in
          .fails(.invalidCertificate) {
            var session = try $0.session(1)
            session.certificate[offset] ^= 1
            return Prefix.start(1, session: session)
          }
        }),
    CommandSequence(
      "the certificate comes before the MACs",
      Prefix.on + [
        .fails(.invalidCertificate) {
          var session = try $0.session(1)
          session.certificate[8] ^= 1
          session.blob[0x40] ^= 1
          return Prefix.start(1, session: session)
        }
      ]),
    CommandSequence(
      "an owner's signature is never looked at",
      Prefix.on + [
        .ok {
          var session = try $0.session(1)
          session.certificate[0x420] ^= 1
          return Prefix.start(1, session: session)
        }
      ]),
    CommandSequence(
      "each field of a session is bound by a MAC",
      Prefix.on
        + [0, 0x10, 0x2F, 0x30, 0x40, 0x5F, 0x60, 0x7F].map { offset in
          .fails(.badMeasurement) {
            var session = try $0.session(1)
            session.blob[offset] ^= 1
            return Prefix.start(1, session: session)
          }
        }),
    CommandSequence(
      "a session for another policy",
      Prefix.on + [.fails(.badMeasurement) { Prefix.start(3, session: try $0.session(1)) }]),
    CommandSequence(
      "a session for an older PDH",
      Prefix.on + [
        .ok { Prefix.start(1, session: try $0.session(1)) },
        .ok(.pdhGenerate),
        .fails(.badMeasurement) { world in
          var other = world
          try other.processor.pdhGenerate(entropy: CountingEntropy())
          return Prefix.start(1, session: try other.session(1))
        },
        .ok { Prefix.start(1, session: try $0.session(1)) },
      ]),
    CommandSequence(
      "a failed LAUNCH_START leaves nothing behind",
      Prefix.on + [
        .fails(.badMeasurement) { Prefix.start(3, session: try $0.session(1)) }, .ok(.pekGenerate),
      ]),
    CommandSequence(
      "a shared key: unknown guest, other policy, NOKS",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(Prefix.start(1, shares: 9), .invalidGuest),
        .fails(Prefix.start(0, shares: 1), .policyFailure), .ok(Prefix.start(1, shares: 1)),
        .ok(Prefix.start(3)), .fails(Prefix.start(3, shares: 3), .policyFailure),
      ]),
    CommandSequence(
      "the session comes before the shared key",
      Prefix.on + [
        .fails(.badMeasurement) { Prefix.start(3, session: try $0.session(1), shares: 9) }
      ]),
    CommandSequence(
      "the shared key comes before SEV-ES support",
      [.ok(Prefix.plain), .fails(Prefix.start(5, shares: 9), .invalidGuest)]),
  ]

  private static let activation: [CommandSequence] = [
    CommandSequence(
      "ACTIVATE with ASID 0 or beyond the last",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(.activate(1, asid: 0), .invalidASID),
        .fails(.activate(1, asid: 1281), .invalidASID), .ok(.activate(1, asid: 1280)),
      ]),
    CommandSequence(
      "ACTIVATE with an ASID in use",
      Prefix.launching() + [
        .ok(Prefix.start(1)), .fails(.activate(2, asid: 257), .asidOwned), .ok(.activate(2, asid: 258)),
      ]),
    CommandSequence(
      "ASID in use comes before already active",
      Prefix.launching() + [
        .fails(.activate(1, asid: 257), .asidOwned), .fails(.activate(1, asid: 258), .active),
      ]),
    CommandSequence(
      "already active comes before dirty",
      [.ok(Prefix.es), .ok(Prefix.start(1)), .fails(.activate(1, asid: 257), .dfFlushRequired)]),
    CommandSequence(
      "dirty comes before the SEV-ES split",
      [.ok(Prefix.es), .ok(Prefix.start(1)), .fails(.activate(1, asid: 1), .dfFlushRequired)]),
    CommandSequence(
      "the SEV-ES split",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(.activate(1, asid: 256), .invalidASID), .ok(.activate(1, asid: 257)),
        .ok(Prefix.start(5)), .fails(.activate(2, asid: 258), .invalidASID), .ok(.activate(2, asid: 256)),
      ]),
    CommandSequence(
      "DEACTIVATE of an inactive guest",
      Prefix.on + [.ok(Prefix.start(1)), .fails(.deactivate(1), .inactive)]),
    CommandSequence(
      "an ASID that never ran is clean again",
      Prefix.launching() + [.ok(.deactivate(1)), .ok(.activate(1, asid: 257))]),
    CommandSequence(
      "an ASID that ran needs WBINVD and DF_FLUSH",
      Prefix.running + [
        .ok(.deactivate(1)), .fails(.activate(1, asid: 257), .dfFlushRequired), .writeBack,
        .fails(.activate(1, asid: 257), .dfFlushRequired), .ok(.dataFabricFlush),
        .ok(.activate(1, asid: 257)),
      ]),
    CommandSequence(
      "a measured guest's ASID never ran",
      Prefix.measured + [.ok(.deactivate(1)), .ok(.activate(1, asid: 257))]),
  ]

  private static let update: [CommandSequence] = [
    CommandSequence(
      "LAUNCH_UPDATE_DATA: inactive, then address, then length",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(.launchUpdateData(1, address: 1, count: 0), .inactive),
        .ok(.activate(1, asid: 257)), .fails(.launchUpdateData(1, address: 8, count: 0), .invalidAddress),
        .fails(.launchUpdateData(1, address: 16, count: 0), .invalidLength),
        .fails(.launchUpdateData(1, address: 16, count: 24), .invalidLength),
        .ok(.launchUpdateData(1, address: 16, count: 32)),
      ]),
    CommandSequence(
      "memory that is not there",
      Prefix.launching() + [
        .fails(.launchUpdateData(1, address: 1 << 24, count: 16), .invalidAddress),
        .fails(.launchUpdateData(1, address: (1 << 24) - 16, count: 32), .invalidAddress),
        .fails(.launchUpdateData(1, address: UInt64.max - 15, count: 16), .invalidAddress),
      ]),
    CommandSequence(
      "LAUNCH_UPDATE after the measurement",
      Prefix.measured + [
        .fails(.launchUpdateData(1, address: 1, count: 0), .invalidGuestState),
        .fails(.launchUpdateVMSA(1, address: 1, count: 4096), .invalidGuestState),
      ]),
    CommandSequence(
      "LAUNCH_UPDATE_VMSA: the length comes first of all",
      [.fails(.launchUpdateVMSA(1, address: 0, count: 4095), .invalidLength)]
        + [.ok(Prefix.es), .fails(.launchUpdateVMSA(1, address: 0, count: 8192), .invalidLength)]),
    CommandSequence(
      "LAUNCH_UPDATE_VMSA: SEV-ES, inactive, address",
      Prefix.on + [
        .ok(Prefix.start(1)), .fails(.launchUpdateVMSA(1, address: 1, count: 4096), .unsupported),
        .ok(Prefix.start(5)), .fails(.launchUpdateVMSA(2, address: 1, count: 4096), .inactive),
        .ok(.activate(2, asid: 1)), .fails(.launchUpdateVMSA(2, address: 1, count: 4096), .invalidAddress),
        .ok(.launchUpdateVMSA(2, address: 0x4000, count: 4096)),
      ]),
  ]

  private static let measure: [CommandSequence] = [
    CommandSequence(
      "LAUNCH_MEASURE needs 48 bytes",
      Prefix.launching() + [
        .fails(.launchMeasure(1, length: 47), .invalidLength), .ok(.launchMeasure(1, length: 48)),
      ]),
    CommandSequence(
      "LAUNCH_MEASURE once: the state comes before the length",
      Prefix.launching() + [Prefix.measure, .fails(.launchMeasure(1, length: 0), .invalidGuestState)]),
    CommandSequence(
      "LAUNCH_MEASURE of an inactive guest without any data",
      Prefix.on + [.ok(Prefix.start(1)), Prefix.measure]),
    CommandSequence(
      "LAUNCH_MEASURE of a SEV-ES guest without VMSA", Prefix.launching(5, asid: 1) + [Prefix.measure]),
  ]

  private static let finish: [CommandSequence] = [
    CommandSequence(
      "LAUNCH_FINISH without LAUNCH_MEASURE",
      Prefix.launching() + [.fails(.launchFinish(1), .invalidGuestState)]),
    CommandSequence("LAUNCH_FINISH twice", Prefix.running + [.fails(.launchFinish(1), .invalidGuestState)]),
    CommandSequence(
      "no launch command for a running guest",
      Prefix.running + [
        .fails(.launchUpdateData(1, address: 0x1000, count: 16), .invalidGuestState),
        .fails(.launchMeasure(1, length: 48), .invalidGuestState),
        .fails(.invalidGuestState) { .launchSecret(try $0.secret()) },
      ]),
    CommandSequence(
      "two guests in turn",
      Prefix.running + [
        .ok(Prefix.start(1)), .ok(.activate(2, asid: 300)),
        .ok(.launchUpdateData(2, address: 0x2000, count: 4096)),
        .fails(.launchFinish(2), .invalidGuestState), .ok(.launchMeasure(2, length: 48)),
        .ok(.launchFinish(2)),
      ]),
  ]
}
