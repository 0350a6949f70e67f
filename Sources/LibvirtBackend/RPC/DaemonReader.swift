internal import Bytes
internal import CLibvirt
internal import CVMCore

/// What a daemon on this machine answers without libvirt.so, until a deadline. Arguments and results of the
/// procedures: libvirt, `src/remote/remote_protocol.x`, `remote_…_args` and `remote_…_ret`.
struct DaemonReader: HostReader {
  let connection: DaemonConnection
  let uri: String
  let deadline: Deadline

  func hostname() throws(LibvirtError) -> String { try text(.connectGetHostname, XDRWriter()) }

  /// Asks nobody.
  func canonicalURI() throws(LibvirtError) -> String { uri }

  /// Every guest with its state in one round trip that waits for no busy guest.
  func states(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState] {
    var arguments = XDRWriter()
    arguments.unsigned(0)  // of no guests in particular
    arguments.unsigned(VIR_DOMAIN_STATS_STATE.rawValue)
    arguments.unsigned(filter.statisticsFlags)
    return try call(.connectGetAllDomainStats, arguments) { reader throws(FormatError) in
      let count = try reader.count(limit: Message.domainLimit, each: RemoteDomain.minimumSize + 4)
      var states: [GuestState] = []
      states.reserveCapacity(count)
      for _ in 0..<count { states.append(try Self.state(&reader)) }
      return states
    }
  }

  func guest(_ reference: GuestReference) throws(LibvirtError) -> GuestState? {
    try Domain.ifPresent { () throws(LibvirtError) in try state(of: try domain(reference)) }
  }

  func info(_ uuid: GuestUUID) throws(LibvirtError) -> GuestInfo {
    let domain = try domain(.uuid(uuid))
    let state = try state(of: domain)
    let info = try info(of: domain)
    return GuestInfo(
      state: state, osType: try text(.domainGetOSType, Self.arguments(domain)), info,
      persistent: try number(.domainIsPersistent, Self.arguments(domain)) == 1,
      autostart: try number(.domainGetAutostart, Self.arguments(domain)) != 0,
      managedSave: try number(.domainHasManagedSaveImage, Self.arguments(domain, flags: 0)) == 1)
  }

  func xml(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(LibvirtError) -> String {
    try text(.domainGetXMLDesc, Self.arguments(try domain(.uuid(uuid)), flags: form.flags))
  }

  // MARK: One procedure each

  private func domain(_ reference: GuestReference) throws(LibvirtError) -> RemoteDomain {
    var arguments = XDRWriter()
    let procedure: Procedure
    switch reference {
    case .name(let name):
      arguments.string(try Library.argument(name, "the name"))
      procedure = .domainLookupByName
    case .uuid(let uuid):
      arguments.opaque(uuid.bytes)
      procedure = .domainLookupByUUID
    case .id(let id):
      arguments.int(id)
      procedure = .domainLookupByID
    }
    return try call(procedure, arguments) { reader throws(FormatError) in try RemoteDomain(parsing: &reader) }
  }

  private func state(of domain: RemoteDomain) throws(LibvirtError) -> GuestState {
    let code = try call(.domainGetState, Self.arguments(domain, flags: 0)) { reader throws(FormatError) in
      StateCode(state: try reader.int(), reason: try reader.int())
    }
    return domain.state(code)
  }

  /// The state as one byte, maximum and used memory as unsigned hypers in KiB, the number of processors as a
  /// short, their time as an unsigned hyper in ns: on the wire byte and short are unsigned.
  private func info(of domain: RemoteDomain) throws(LibvirtError) -> DomainInfo {
    try call(.domainGetInfo, Self.arguments(domain)) { reader throws(FormatError) in
      _ = try reader.unsigned()
      let (maximum, used) = (try reader.unsignedHyper(), try reader.unsignedHyper())
      let vcpus = Int(try reader.unsigned())
      return DomainInfo(
        vcpus: vcpus, cpuNanoseconds: try reader.unsignedHyper(), maxKiB: maximum, usedKiB: used)
    }
  }

  private func text(_ procedure: Procedure, _ arguments: XDRWriter) throws(LibvirtError) -> String {
    try call(procedure, arguments) { reader throws(FormatError) in
      try reader.string(limit: Message.stringLimit)
    }
  }

  private func number(_ procedure: Procedure, _ arguments: XDRWriter) throws(LibvirtError) -> Int32 {
    try call(procedure, arguments) { reader throws(FormatError) in try reader.int() }
  }

  private func call<Value>(
    _ procedure: Procedure, _ arguments: XDRWriter,
    _ result: (inout XDRReader) throws(FormatError) -> Value
  ) throws(LibvirtError) -> Value {
    try connection.call(procedure, arguments, until: deadline, result)
  }

  private static func arguments(_ domain: RemoteDomain, flags: UInt32? = nil) -> XDRWriter {
    var arguments = XDRWriter()
    domain.write(to: &arguments)
    if let flags { arguments.unsigned(flags) }
    return arguments
  }

  /// A guest, and an array of its statistics. A state that is not told is "no state".
  private static func state(_ reader: inout XDRReader) throws(FormatError) -> GuestState {
    let domain = try RemoteDomain(parsing: &reader)
    var code = StateCode(state: 0, reason: 0)
    for _ in 0..<(try reader.count(limit: Message.statisticsLimit, each: RemoteParameter.minimumSize)) {
      let parameter = try RemoteParameter(parsing: &reader)
      guard case .int(let value) = parameter.value else { continue }
      if parameter.name == "state.state" { code.state = value }
      if parameter.name == "state.reason" { code.reason = value }
    }
    return domain.state(code)
  }
}
