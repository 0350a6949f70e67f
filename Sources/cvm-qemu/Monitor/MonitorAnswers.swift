/// What the simulated AMD-SP answers about the platform, in QMP's terms.
protocol PlatformAnswers: AnyObject {
  func capabilities() throws(MonitorRefusal) -> SEVCapabilities
}

/// What it answers about the one guest of this QEMU.
protocol GuestAnswers: PlatformAnswers {
  /// The guest's vCPUs cannot be reset.
  var isES: Bool { get }
  func status() throws(MonitorRefusal) -> SEVStatus
  /// The 48 bytes that LAUNCH_MEASURE gave, for as long as the guest lives.
  func measurement() throws(MonitorRefusal) -> [UInt8]
  /// `address`: nil for the place that the firmware names.
  func inject(header: [UInt8], secret: [UInt8], at address: UInt64?) throws(MonitorRefusal)
  /// 208 bytes, for a nonce of 16.
  func report(nonce: [UInt8]) throws(MonitorRefusal) -> [UInt8]
  /// LAUNCH_FINISH, once; does nothing after that.
  func finish() throws(MonitorRefusal)
}

/// `query-sev-capabilities`.
struct SEVCapabilities: Equatable {
  /// 2084 bytes.
  var pdh: [UInt8]
  /// PEK, OCA, CEK.
  var certificateChain: [UInt8]
  var cpu0ID: [UInt8]
  var cBitPosition: UInt32
  var reducedPhysBits: UInt32
}

/// `query-sev`.
struct SEVStatus: Equatable {
  var apiMajor: UInt8
  var apiMinor: UInt8
  var build: UInt8
  var policy: UInt32
  /// QMP's name of the state: `launch-secret`.
  var state: String
  var handle: UInt32

  /// NODBG is bit 0, NOKS bit 1.
  var allowsDebugging: Bool { policy & 1 == 0 }
  var allowsKeySharing: Bool { policy & 2 == 0 }
}
