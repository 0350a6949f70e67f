package import CVMCore
package import SEV
package import SecureProcessor
import CLinux
import Glibc
import StateStore

/// A simulated host: a directory with an AMD-SP and the domains that run on it.
package struct SimulatedHost {
  package let name: HostName
  package let model: ProcessorModel
  package let platform: PlatformStatus
  package let domains: Int
  package let activeDomains: Int
  /// The host's own directory.
  package let path: String

  /// Makes a host in `directory` (STATE/sim), which is made too. Throws `.conflict` where there is one
  /// already.
  package static func create(
    _ name: HostName, model: ProcessorModel = ProcessorModel(), in directory: String
  ) throws(BackendError) {
    guard model.isPlausible else {
      throw .invalidDefinition(reason: "no processor has these ASIDs and address bits")
    }
    try alone(in: directory) { (parent) throws(BackendError) in
      let path = parent.path(of: name.rawValue)
      guard unsafe access(path, F_OK) != 0 else {
        throw .conflict(reason: "the simulated host '\(name)' exists already")
      }
      try make(path, draft: parent.path(of: HostFolder.draft), model)
    }
  }

  /// Makes the host `default` unless it is there.
  package static func createStandard(in directory: String) throws(BackendError) {
    do { try create(.standard, in: directory) } catch .conflict {}
  }

  /// Names only: of every host in `directory`, in order. Empty where there is no such directory.
  package static func names(in directory: String) throws(BackendError) -> [HostName] {
    let folder: StateFolder
    do { folder = try StateFolder(path: directory) } catch .notFound {
      return []
    } catch {
      throw BackendError(error)
    }
    let names = try onPlatform { () throws(PlatformError) in try folder.names() }
    return names.compactMap(HostName.init).sorted { $0.rawValue < $1.rawValue }
  }

  /// What there is to know about a host. Throws `.unreachable` where there is none.
  package init(_ name: HostName, in directory: String, timeout: Int = 30) throws(BackendError) {
    let path = "\(directory)/\(name)"
    let processor = try onPlatform { () throws(PlatformError) in
      try PlatformDirectory(path: "\(path)/\(HostFolder.platform)", timeout: timeout).snapshot()
    }
    let counts = try DomainTable(directory: path, timeout: timeout).counts()
    self.name = name
    model = processor.model
    platform = processor.platformStatus()
    domains = counts.all
    activeDomains = counts.active
    self.path = path
  }

  /// Removes a host with all its domains and keys. Throws `.conflict` while a domain is active, unless
  /// forced.
  package static func delete(
    _ name: HostName, in directory: String, force: Bool = false
  ) throws(BackendError) {
    try alone(in: directory) { (parent) throws(BackendError) in
      let path = parent.path(of: name.rawValue)
      guard unsafe access(path, F_OK) == 0 else {
        throw .unreachable(uri: "sim:///\(name)", reason: "there is no such simulated host")
      }
      if !force, try DomainTable(directory: path, timeout: 30).counts().active > 0 {
        throw .conflict(reason: "the simulated host '\(name)' has running domains")
      }
      let trash = parent.path(of: HostFolder.trash)
      guard unsafe rename(path, trash) == 0 else {
        throw .failed(operation: "deleting the simulated host '\(name)'", reason: SystemText.of(errno))
      }
      try HostFolder.remove(trash)
    }
  }

  /// One maker or remover of hosts at a time; what a killed one left is cleared away first.
  private static func alone(
    in directory: String, _ body: (PrivateDirectory) throws(BackendError) -> Void
  ) throws(BackendError) {
    let parent = try stored { () throws(StoreError) in try PrivateDirectory(directory, create: true) }
    var failure: BackendError?
    try stored { () throws(StoreError) in
      try parent.exclusively(within: .seconds(30)) { () throws(StoreError) in
        do throws(BackendError) {
          try HostFolder.remove(parent.path(of: HostFolder.draft))
          try HostFolder.remove(parent.path(of: HostFolder.trash))
          try body(parent)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  /// Under another name first: a host is there as a whole or not at all.
  private static func make(
    _ path: String, draft: String, _ model: ProcessorModel
  ) throws(BackendError) {
    try onPlatform { () throws(PlatformError) in
      try StateFolder.make(path: draft)
      try StateFolder.make(path: "\(draft)/\(HostFolder.memory)")
      try PlatformDirectory.create(path: "\(draft)/\(HostFolder.platform)", model: model)
    }
    try DomainTable.create(directory: draft)
    guard unsafe cvm_rename_noreplace(draft, path) == 0 else {
      throw .failed(operation: "making the simulated host", reason: SystemText.of(errno))
    }
  }
}
