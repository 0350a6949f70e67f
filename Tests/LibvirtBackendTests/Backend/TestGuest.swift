import CVMCore
import Testing

@testable import LibvirtBackend

/// A guest of the test driver, with a UUID made from its name.
struct TestGuest {
  let backend: LibvirtBackend
  let name: String
  let defined: GuestState

  var uuid: GuestUUID { defined.uuid }

  init(_ backend: LibvirtBackend, _ name: String, launchSecurity: Bool = false) throws {
    self.backend = backend
    self.name = name
    defined = try backend.define(xml: Self.xml(name, launchSecurity: launchSecurity))
  }

  /// The test driver forgets its guests with its last connection, which a call that was given up may have been.
  func remove() throws {
    guard let state = try backend.guest(uuid) else { return }
    if state.id != nil { try backend.destroy(uuid, graceful: false) }
    try backend.undefine(uuid, UndefineOptions())
  }

  static func xml(_ name: String, launchSecurity: Bool = false) -> String {
    let security = "<launchSecurity type='sev'><policy>0x0003</policy></launchSecurity>"
    return """
      <domain type='test'><name>\(name)</name><uuid>\(uuid(of: name))</uuid>
      <memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>
      \(launchSecurity ? security : "")</domain>
      """
  }

  static func uuid(of name: String) -> String {
    let bytes = (Array(name.utf8) + [UInt8](repeating: 1, count: 16)).prefix(16)
    return GuestUUID(bytes: Array(bytes))?.rawValue ?? ""
  }
}

/// The shape of an expected error, without its text.
enum Shape: Equatable {
  case unreachable, guestNotFound, conflict, unsupported, invalidDefinition, permission, timeout,
    outcomeUnknown
  case launchFailed, failed, corrupt

  init(_ error: BackendError) {
    self =
      switch error {
      case .unreachable: .unreachable
      case .guestNotFound: .guestNotFound
      case .conflict: .conflict
      case .unsupported: .unsupported
      case .invalidDefinition: .invalidDefinition
      case .permission: .permission
      case .timeout: .timeout
      case .outcomeUnknown: .outcomeUnknown
      case .launchFailed: .launchFailed
      case .failed: .failed
      case .corrupt: .corrupt
      }
  }
}

/// Expects `body` to throw a `BackendError` of the shape.
func expect(
  _ shape: Shape, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  let error = #expect(throws: BackendError.self, sourceLocation: sourceLocation) { try body() }
  guard let error else { return }
  #expect(Shape(error) == shape, "\(error.summary)", sourceLocation: sourceLocation)
}
