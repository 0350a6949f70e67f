package import CVMCore
import CVMCrypto
import SecureProcessor
import Synchronization

/// Guests on a simulated host (`sim:///[HOST]`): libvirt's semantics over a simulated AMD-SP, without daemon,
/// without root, without a guest instruction ever run. State is in files; every process that opens the host
/// sees the same guests. Several threads may use one object.
package final class SimulatedBackend: LaunchBackend, Sendable {
  package let uri: String
  package let isSimulated = true
  package let servesSeveralThreads = true

  let host: HostName
  let directory: String
  let timeout: Int
  let table: DomainTable
  private let openPlatform = Mutex<SimulatedPlatform?>(nil)

  /// `directory`: the host's own, STATE/sim/HOST. The host `default` is made if need be. `timeout`: seconds
  /// that a call waits for other processes at most.
  package init(uri: String, directory: String, timeout: Int) throws(BackendError) {
    let path = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    let (parent, last) = Self.split(path)
    guard let host = HostName(last) else {
      throw .unreachable(uri: uri, reason: "no simulated host has the name '\(last)'")
    }
    self.uri = uri
    self.host = host
    self.directory = path
    self.timeout = timeout
    table = try Self.open(host, path, in: parent, uri, timeout)
  }

  /// The AMD-SP; most calls do not need it.
  func platform() throws(BackendError) -> SimulatedPlatform {
    try openPlatform.withLock { open throws(BackendError) in
      if let open { return open }
      let fresh = try SimulatedPlatform(directory: directory, timeout: timeout)
      open = fresh
      return fresh
    }
  }

  func freshUUID() throws(BackendError) -> GuestUUID {
    guard let bytes = try? Random.bytes(16), let uuid = GuestUUID.random(from: bytes) else {
      throw .failed(operation: "making a UUID", reason: "the system's random source failed")
    }
    return uuid
  }

  private static func open(
    _ host: HostName, _ path: String, in parent: String, _ uri: String, _ timeout: Int
  ) throws(BackendError) -> DomainTable {
    do {
      return try DomainTable(directory: path, timeout: timeout)
    } catch .unreachable {
      guard host == .standard else {
        throw .unreachable(uri: uri, reason: "there is no simulated host '\(host)'")
      }
      try SimulatedHost.createStandard(in: parent)
      return try DomainTable(directory: path, timeout: timeout)
    }
  }

  private static func split(_ path: String) -> (parent: String, last: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let parent = String(path[..<slash])
    return (parent.isEmpty ? "/" : parent, String(path[path.index(after: slash)...]))
  }
}
