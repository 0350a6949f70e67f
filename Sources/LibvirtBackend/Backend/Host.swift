internal import Bytes
package import CVMCore

extension LibvirtBackend {
  package func hostname() throws(BackendError) -> String {
    try ask(begin("asking for the host's name")) { host throws(LibvirtError) in try host.hostname() }
  }

  package func canonicalURI() throws(BackendError) -> String {
    try ask(begin("asking for the URI")) { host throws(LibvirtError) in try host.canonicalURI() }
  }

  package func version() throws(BackendError) -> HostVersion {
    try ask(begin("asking for versions")) { host throws(LibvirtError) in try host.version() }
  }

  package func capabilities() throws(BackendError) -> String {
    try ask(begin("asking for the host's capabilities")) { host throws(LibvirtError) in
      try host.capabilities()
    }
  }

  package func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(BackendError) -> String {
    try ask(begin("asking for domain capabilities")) { host throws(LibvirtError) in
      try host.domainCapabilities(query)
    }
  }

  /// Throws `.failed` where what the host tells is no platform: not base64, or not of AMD's sizes.
  package func sevPlatform() throws(BackendError) -> SEVPlatform {
    guard !readOnly else {
      throw .permission(reason: "the SEV platform cannot be asked for over a read-only connection")
    }
    let act = begin("asking for the SEV platform")
    let parameters = try ask(act) { host throws(LibvirtError) in try host.sevInfo() }
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
