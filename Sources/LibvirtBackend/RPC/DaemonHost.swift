internal import Bytes
internal import CLibvirt
internal import CVMCore

/// A daemon on this machine, called over its socket until a deadline. Arguments and results of the procedures:
/// libvirt, `src/remote/remote_protocol.x`, `remote_…_args` and `remote_…_ret`.
struct DaemonHost: HostConnection {
  let connection: DaemonConnection
  let uri: String
  let deadline: Deadline

  /// Every call has the deadline: it needs no thread.
  func outcome<Value: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable () throws(LibvirtError) -> Value
  ) -> Result<Value, LibvirtError>? {
    do throws(LibvirtError) {
      return .success(try body())
    } catch {
      return error.kind == .overdue ? nil : .failure(error)
    }
  }

  // MARK: Host

  func hostname() throws(LibvirtError) -> String { try text(.connectGetHostname) }

  func canonicalURI() throws(LibvirtError) -> String { uri }

  /// One of the versions is libvirt.so's own.
  func version() throws(LibvirtError) -> HostVersion {
    throw LibvirtError(kind: .notUnderstood, message: "libvirt.so was not asked for its version")
  }

  func capabilities() throws(LibvirtError) -> String { try text(.connectGetCapabilities) }

  /// Four optional strings, and flags.
  func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(LibvirtError) -> String {
    var arguments = XDRWriter()
    for value in [query.emulator, query.architecture, query.machine, query.virtType] {
      arguments.unsigned(value == nil ? 0 : 1)
      if let value { arguments.string(try Self.argument(value, "a domain capabilities parameter")) }
    }
    arguments.unsigned(0)
    return try text(.connectGetDomainCapabilities, arguments)
  }

  /// Takes how many parameters the caller has room for, 0 for all, and flags; returns the parameters and how
  /// many there are.
  func sevInfo() throws(LibvirtError) -> TypedParameters {
    var arguments = XDRWriter()
    arguments.unsigned(0)
    arguments.unsigned(VIR_TYPED_PARAM_STRING_OKAY.rawValue)
    return try call(.nodeGetSEVInfo, arguments) { reader throws(FormatError) in
      let parameters = try TypedParameters(parsing: &reader)
      _ = try reader.unsigned()
      return parameters
    }
  }

  // MARK: Guests

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

  func domain(_ reference: GuestReference) throws(LibvirtError) -> any HostDomain {
    var arguments = XDRWriter()
    let procedure: Procedure
    switch reference {
    case .name(let name):
      arguments.string(try Self.argument(name, "the name"))
      procedure = .domainLookupByName
    case .uuid(let uuid):
      arguments.opaque(uuid.bytes)
      procedure = .domainLookupByUUID
    case .id(let id):
      arguments.int(id)
      procedure = .domainLookupByID
    }
    return try domain(procedure, arguments)
  }

  func defining(_ xml: String) throws(LibvirtError) -> any HostDomain {
    try domain(.domainDefineXMLFlags, Self.document(xml, flags: UInt32(VIR_DOMAIN_DEFINE_VALIDATE.rawValue)))
  }

  func startingPaused(_ xml: String) throws(LibvirtError) -> any HostDomain {
    try domain(.domainCreateXML, Self.document(xml, flags: UInt32(VIR_DOMAIN_START_PAUSED.rawValue)))
  }

  private static func document(_ xml: String, flags: UInt32) throws(LibvirtError) -> XDRWriter {
    var arguments = XDRWriter()
    arguments.string(try argument(xml, "the domain XML"))
    arguments.unsigned(flags)
    return arguments
  }

  /// Text on its way to the daemon, which takes no longer one.
  private static func argument(_ text: String, _ name: String) throws(LibvirtError) -> String {
    guard text.utf8.count <= Message.stringLimit else {
      throw LibvirtError(kind: .argument, message: "\(name) is longer than libvirt takes")
    }
    return try Library.argument(text, name)
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
    return GuestState(uuid: domain.uuid, name: domain.name, id: domain.id.map { Int($0) }, code)
  }

  // MARK: Calls by what they return

  private func domain(_ procedure: Procedure, _ arguments: XDRWriter) throws(LibvirtError) -> DaemonDomain {
    let domain = try call(procedure, arguments) { reader throws(FormatError) in
      try RemoteDomain(parsing: &reader)
    }
    return DaemonDomain(daemon: self, domain: domain)
  }

  func text(_ procedure: Procedure, _ arguments: XDRWriter = XDRWriter()) throws(LibvirtError) -> String {
    try call(procedure, arguments) { reader throws(FormatError) in
      try reader.string(limit: Message.stringLimit)
    }
  }

  func call<Value>(
    _ procedure: Procedure, _ arguments: XDRWriter,
    _ result: (inout XDRReader) throws(FormatError) -> Value
  ) throws(LibvirtError) -> Value {
    try connection.call(procedure, arguments, until: deadline, result)
  }
}
