import CVMCore
import LibvirtBackend
import TestHarness
import Testing

/// A host under the contract, and what the contract's tests need beside the protocol.
struct ContractHost {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case libvirt

    var testDescription: String { rawValue }
  }

  let backend: any LaunchBackend
  let emulator: String
  let firmware: String

  init(_ kind: Kind) throws {
    switch kind {
    case .libvirt:
      let libvirtd = try PrivateLibvirtd.shared(.real)
      backend = try LibvirtBackend(uri: libvirtd.uri, readOnly: false, timeout: 30)
      emulator = libvirtd.emulatorPath
      firmware = try libvirtd.directory.copy("/usr/share/OVMF/OVMF_CODE.fd", as: "OVMF_CODE.fd")
    }
  }

  /// A plain guest, or one with a launch policy.
  func document(_ name: String, policy: UInt32? = nil) -> GuestDocument {
    var document = GuestDocument(name: name, emulator: emulator)
    document.firmware = .pflash(firmware)
    document.memoryMiB = 64
    document.policy = policy
    return document
  }

  /// Defines a guest, hands it to `body`, and removes it whatever happened.
  func withGuest(
    _ name: String, policy: UInt32? = nil, _ body: (GuestState) throws -> Void
  ) throws {
    let guest = try backend.define(xml: document(name, policy: policy).xml)
    defer { remove(guest.uuid) }
    try body(guest)
  }

  func remove(_ uuid: GuestUUID) {
    try? backend.destroy(uuid, graceful: false)
    try? backend.undefine(uuid, UndefineOptions())
  }
}

/// The case of a `BackendError`, for claims about the kind of a refusal.
enum Refusal: Equatable {
  case guestNotFound, conflict, unsupported, invalidDefinition, launchFailed, other

  init(_ error: BackendError) {
    self =
      switch error {
      case .guestNotFound: .guestNotFound
      case .conflict: .conflict
      case .unsupported: .unsupported
      case .invalidDefinition: .invalidDefinition
      case .launchFailed: .launchFailed
      default: .other
      }
  }
}

func expectRefusal(
  _ wanted: Refusal, at location: SourceLocation = #_sourceLocation, _ body: () throws(BackendError) -> Void
) {
  do throws(BackendError) {
    try body()
    Issue.record("nothing was refused", sourceLocation: location)
  } catch {
    #expect(Refusal(error) == wanted, "\(error)", sourceLocation: location)
  }
}
