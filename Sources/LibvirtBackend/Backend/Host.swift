internal import Bytes
package import CVMCore

extension LibvirtBackend {
  package func hostname() throws(BackendError) -> String {
    try read(begin("asking for the host's name")) { host throws(LibvirtError) in try host.hostname() }
  }

  package func canonicalURI() throws(BackendError) -> String {
    try read(begin("asking for the URI")) { host throws(LibvirtError) in try host.canonicalURI() }
  }

  package func version() throws(BackendError) -> HostVersion {
    try ask(begin("asking for versions")) { connection throws(LibvirtError) in
      HostVersion(
        library: VersionNumber.text(try connection.libraryVersion()),
        daemon: VersionNumber.text(try Self.ifSupported(connection.daemonVersion) ?? 0),
        hypervisorType: try connection.type(),
        hypervisor: VersionNumber.text(try Self.ifSupported(connection.hypervisorVersion) ?? 0))
    }
  }

  package func capabilities() throws(BackendError) -> String {
    try ask(begin("asking for the host's capabilities")) { connection throws(LibvirtError) in
      try connection.capabilities()
    }
  }

  package func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(BackendError) -> String {
    try ask(begin("asking for domain capabilities")) { connection throws(LibvirtError) in
      try connection.domainCapabilities(
        emulator: query.emulator, architecture: query.architecture, machine: query.machine,
        virtType: query.virtType)
    }
  }

  /// Throws `.failed` where what the host tells is no platform: not base64, or not of AMD's sizes.
  package func sevPlatform() throws(BackendError) -> SEVPlatform {
    guard !readOnly else {
      throw .permission(reason: "the SEV platform cannot be asked for over a read-only connection")
    }
    let act = begin("asking for the SEV platform")
    let parameters = try ask(act) { connection throws(LibvirtError) in try connection.sevInfo() }
    do throws(ParameterError) {
      return try SEVPlatform(parameters)
    } catch {
      throw .failed(operation: act.name, reason: error.summary)
    }
  }

  /// Nil where the driver has no such thing.
  static func ifSupported<Value>(
    _ body: () throws(LibvirtError) -> Value
  ) throws(LibvirtError) -> Value? {
    do throws(LibvirtError) {
      return try body()
    } catch  where error.isUnsupported {
      return nil
    }
  }
}
