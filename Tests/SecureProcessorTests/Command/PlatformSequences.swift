import SEV
import SecureProcessor

/// Platform commands in right and wrong states. Source: the check lists of AMD's 2023 firmware, as observed.
enum PlatformSequences {
  static let all: [CommandSequence] = states + initialization + buffers + flushes

  private static let states: [CommandSequence] = [
    CommandSequence("a second INIT is refused", [.ok(Prefix.es), .fails(Prefix.es, .invalidPlatformState)]),
    CommandSequence(
      "INIT again after SHUTDOWN", [.ok(Prefix.es), .ok(.shutdown), .ok(Prefix.plain), .ok(.platformStatus)]),
    CommandSequence("SHUTDOWN in UNINIT succeeds", [.ok(.shutdown), .ok(.shutdown)]),
    CommandSequence(
      "SHUTDOWN with a guest succeeds", Prefix.launching() + [.ok(.shutdown), .ok(.platformReset)]),
    CommandSequence("PLATFORM_RESET in UNINIT", [.ok(.platformReset), .ok(Prefix.es)]),
    CommandSequence(
      "PLATFORM_RESET in INIT is refused", [.ok(Prefix.es), .fails(.platformReset, .invalidPlatformState)]),
    CommandSequence(
      "PLATFORM_RESET in WORKING is refused",
      Prefix.launching() + [.fails(.platformReset, .invalidPlatformState)]),
    CommandSequence(
      "PLATFORM_STATUS and NOP in every state",
      [
        .ok(.platformStatus), .ok(.nop), .ok(Prefix.es), .ok(.platformStatus), .ok(.nop),
        .ok(Prefix.start(1)),
        .ok(.platformStatus), .ok(.nop),
      ]),
    CommandSequence("PEK_GEN in UNINIT is refused", [.fails(.pekGenerate, .invalidPlatformState)]),
    CommandSequence("PEK_GEN in INIT", [.ok(Prefix.es), .ok(.pekGenerate)]),
    CommandSequence(
      "PEK_GEN in WORKING is refused", Prefix.launching() + [.fails(.pekGenerate, .invalidPlatformState)]),
    CommandSequence("PDH_GEN in UNINIT is refused", [.fails(.pdhGenerate, .invalidPlatformState)]),
    CommandSequence(
      "PDH_GEN in INIT and WORKING",
      [
        .ok(Prefix.es), .ok(.pdhGenerate), .ok(Prefix.start(1)), .ok(.pdhGenerate),
      ]),
    CommandSequence(
      "unknown ids",
      [
        .fails(.unknown(0x0F), .invalidCommand), .fails(.unknown(0), .invalidCommand),
        .fails(.unknown(0xFFFF_FFFF), .invalidCommand),
      ]),
    CommandSequence("an unknown id in INIT", [.ok(Prefix.es), .fails(.unknown(0x37), .invalidCommand)]),
  ]

  private static let initialization: [CommandSequence] = [
    CommandSequence(
      "reserved INIT flags", [.fails(.initialize(InitRequest(flags: 2)), .invalidConfig), .ok(Prefix.plain)]),
    CommandSequence(
      "the state comes before the flags",
      [
        .ok(Prefix.plain), .fails(.initialize(InitRequest(flags: 2)), .invalidPlatformState),
      ]),
    CommandSequence(
      "the TMR's alignment, then its length",
      [
        .fails(.initialize(InitRequest(flags: 1, tmrAddress: 4096, tmrLength: 5)), .invalidAddress),
        .fails(.initialize(InitRequest(flags: 1, tmrAddress: 1 << 20, tmrLength: 1 << 19)), .invalidLength),
        .fails(.initialize(InitRequest(flags: 1, tmrAddress: 1 << 20, tmrLength: 2 << 20)), .invalidLength),
        .ok(.initialize(InitRequest(flags: 1, tmrAddress: 1 << 20, tmrLength: 1 << 20))),
      ]),
    CommandSequence(
      "without SEV-ES the TMR is not looked at",
      [.ok(.initialize(InitRequest(flags: 0, tmrAddress: 1, tmrLength: 1)))]),
    CommandSequence(
      "memory encryption switched off comes before the flags",
      [.fails(.initialize(InitRequest(flags: 2)), .hardwareErrorPlatform)],
      model: ProcessorModel(memoryEncryption: false)),
  ]

  private static let buffers: [CommandSequence] = [
    CommandSequence(
      "GET_ID in every state",
      [
        .fails(.getID(length: 63), .invalidLength), .ok(.getID(length: 64)), .ok(Prefix.es),
        .ok(.getID(length: 128)),
      ]),
    CommandSequence("PEK_CSR in UNINIT is refused", [.fails(.pekCSR(length: 0), .invalidPlatformState)]),
    CommandSequence(
      "PEK_CSR needs 2084 bytes",
      [
        .ok(Prefix.es), .fails(.pekCSR(length: 2083), .invalidLength), .ok(.pekCSR(length: 2084)),
      ]),
    CommandSequence(
      "PEK_CSR in WORKING", Prefix.launching() + [.ok(.pekCSR(length: 2084))]),
    CommandSequence(
      "PDH_CERT_EXPORT in UNINIT is refused",
      [
        .fails(.pdhCertificateExport(pdhLength: 0, chainLength: 0), .invalidPlatformState)
      ]),
    CommandSequence(
      "PDH_CERT_EXPORT needs both buffers",
      [
        .ok(Prefix.es), .fails(.pdhCertificateExport(pdhLength: 2083, chainLength: 6252), .invalidLength),
        .fails(.pdhCertificateExport(pdhLength: 2084, chainLength: 6251), .invalidLength),
        .ok(.pdhCertificateExport(pdhLength: 2084, chainLength: 6252)),
      ]),
  ]

  private static let flushes: [CommandSequence] = [
    CommandSequence(
      "DF_FLUSH needs WBINVD after INIT",
      [
        .ok(Prefix.es), .fails(.dataFabricFlush, .wbinvdRequired), .writeBack, .ok(.dataFabricFlush),
      ]),
    CommandSequence("DF_FLUSH twice after one WBINVD", Prefix.on + [.ok(.dataFabricFlush)]),
    CommandSequence(
      "DF_FLUSH needs WBINVD again after a guest ran",
      Prefix.running + [.ok(.deactivate(1)), .fails(.dataFabricFlush, .wbinvdRequired)]),
    CommandSequence(
      "a guest that never ran leaves the caches clean",
      Prefix.launching() + [.ok(.deactivate(1)), .ok(.dataFabricFlush)]),
  ]
}
