internal import Bytes
internal import CLibvirt
internal import CVMCore

/// A guest of a daemon that is called over its socket. Each procedure takes the guest, then what is written
/// after it.
struct DaemonDomain: HostDomain {
  let daemon: DaemonHost
  let domain: RemoteDomain

  var host: any HostConnection { daemon }

  func name() throws(LibvirtError) -> String { domain.name }

  func uuid() throws(LibvirtError) -> GuestUUID { domain.uuid }

  var id: Int? { domain.id.map { Int($0) } }

  // MARK: Reading

  func state() throws(LibvirtError) -> StateCode {
    try call(.domainGetState, 0) { reader throws(FormatError) in
      StateCode(state: try reader.int(), reason: try reader.int())
    }
  }

  /// The state as one byte, maximum and used memory as unsigned hypers in KiB, the number of processors as a
  /// short, their time as an unsigned hyper in ns: on the wire byte and short are unsigned.
  func info() throws(LibvirtError) -> DomainInfo {
    try call(.domainGetInfo) { reader throws(FormatError) in
      _ = try reader.unsigned()
      let (maximum, used) = (try reader.unsignedHyper(), try reader.unsignedHyper())
      let vcpus = Int(try reader.unsigned())
      return DomainInfo(
        vcpus: vcpus, cpuNanoseconds: try reader.unsignedHyper(), maxKiB: maximum, usedKiB: used)
    }
  }

  func osType() throws(LibvirtError) -> String { try daemon.text(.domainGetOSType, arguments()) }

  func isPersistent() throws(LibvirtError) -> Bool { try number(.domainIsPersistent) == 1 }

  func autostart() throws(LibvirtError) -> Bool { try number(.domainGetAutostart) != 0 }

  func hasManagedSave() throws(LibvirtError) -> Bool { try number(.domainHasManagedSaveImage, 0) == 1 }

  func xml(_ form: DomainXMLForm) throws(LibvirtError) -> String {
    try daemon.text(.domainGetXMLDesc, arguments(form.flags))
  }

  /// Takes how many statistics at most, and flags; returns an array of tags with their values.
  func askInTurn() throws(LibvirtError) {
    try call(.domainMemoryStats, 1, 0) { reader throws(FormatError) in
      for _ in 0..<(try reader.count(limit: 1, each: 12)) {
        _ = try reader.unsigned()
        _ = try reader.unsignedHyper()
      }
    }
  }

  // MARK: Acts

  func undefine(flags: UInt32) throws(LibvirtError) { try act(.domainUndefineFlags, flags) }

  /// Returns the guest with its new run.
  func start(paused: Bool) throws(LibvirtError) {
    let flags = paused ? UInt32(VIR_DOMAIN_START_PAUSED.rawValue) : 0
    try call(.domainCreateWithFlags, flags) { reader throws(FormatError) in
      _ = try RemoteDomain(parsing: &reader)
    }
  }

  func shutdown() throws(LibvirtError) { try act(.domainShutdownFlags, 0) }

  func reboot() throws(LibvirtError) { try act(.domainReboot, 0) }

  func reset() throws(LibvirtError) { try act(.domainReset, 0) }

  func suspend() throws(LibvirtError) { try act(.domainSuspend) }

  func resume() throws(LibvirtError) { try act(.domainResume) }

  func destroy(graceful: Bool) throws(LibvirtError) {
    try act(.domainDestroyFlags, graceful ? UInt32(VIR_DOMAIN_DESTROY_GRACEFUL.rawValue) : 0)
  }

  // MARK: Launch security

  func launchSecurity() throws(LibvirtError) -> TypedParameters {
    try call(.domainGetLaunchSecurityInfo, VIR_TYPED_PARAM_STRING_OKAY.rawValue) {
      reader throws(FormatError) in
      try TypedParameters(parsing: &reader)
    }
  }

  /// Takes an array of parameters, and flags.
  func setLaunchSecret(header: String, secret: String, address: UInt64?) throws(LibvirtError) {
    var arguments = arguments(address == nil ? 2 : 3)
    arguments.parameter(VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_HEADER, header)
    arguments.parameter(VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET, secret)
    if let address {
      arguments.parameter(VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_SET_ADDRESS, address)
    }
    arguments.unsigned(0)
    try daemon.call(.domainSetLaunchSecurityState, arguments) { _ in }
  }

  // MARK: Calls by what they return

  private func act(_ procedure: Procedure, _ words: UInt32...) throws(LibvirtError) {
    try daemon.call(procedure, arguments(words)) { _ in }
  }

  private func number(_ procedure: Procedure, _ words: UInt32...) throws(LibvirtError) -> Int32 {
    try daemon.call(procedure, arguments(words)) { reader throws(FormatError) in try reader.int() }
  }

  private func call<Value>(
    _ procedure: Procedure, _ words: UInt32..., result: (inout XDRReader) throws(FormatError) -> Value
  ) throws(LibvirtError) -> Value {
    try daemon.call(procedure, arguments(words), result)
  }

  private func arguments(_ words: UInt32...) -> XDRWriter { arguments(words) }

  private func arguments(_ words: [UInt32]) -> XDRWriter {
    var arguments = XDRWriter()
    domain.write(to: &arguments)
    for word in words { arguments.unsigned(word) }
    return arguments
  }
}
