internal import Bytes
internal import CLibvirt
package import CVMCore
internal import Documents

extension LibvirtBackend {
  /// Throws `.guestNotFound` for a guest that is not defined, `.conflict` for one that is active,
  /// `.invalidDefinition` for XML of another guest.
  package func startPaused(_ uuid: GuestUUID, xml: String) throws(BackendError) -> PausedGuest {
    let act = begin("start", .launch, on: uuid.rawValue)
    guard let named = Self.document(xml)?.text(at: "uuid"), GuestUUID(rawValue: named) == uuid else {
      throw .invalidDefinition(reason: "the domain XML is not of the guest \(uuid)")
    }
    let host = try inactiveDomain(uuid, act).host
    let mayStillCome = address.isRemote
    let id = try perform(act, on: host, cancelling: uuid) { () throws(LibvirtError) in
      try host.launching(uuid, xml)
    } fate: { host throws(LibvirtError) in
      try host.end(uuid) || !mayStillCome ? .undone : .unknown
    }
    return PausedGuest(uuid: uuid, id: id)
  }

  /// Throws `.unsupported` for a SEV-SNP guest of which libvirt tells nothing.
  package func launchSecurity(_ uuid: GuestUUID) throws(BackendError) -> LaunchSecurityInfo? {
    let act = begin("asking for the launch measurement", on: uuid.rawValue)
    let parameters: TypedParameters
    do throws(BackendError) {
      parameters = try ask(act) { host throws(LibvirtError) in
        try host.domain(.uuid(uuid)).launchSecurity()
      }
    } catch {
      guard case .failed(_, let reason) = error, try isSNP(uuid) else { throw error }
      throw .unsupported(reason: reason)
    }
    do throws(ParameterError) {
      return try LaunchSecurityInfo(parameters)
    } catch {
      throw .failed(operation: act.name, reason: error.summary)
    }
  }

  /// libvirt asks QEMU for the measurement first, which a SEV-SNP guest does not have: then the whole call
  /// fails.
  private func isSNP(_ uuid: GuestUUID) throws(BackendError) -> Bool {
    Self.document(try domainXML(uuid, .live))?.attribute("type", at: "launchSecurity") == "sev-snp"
  }

  private static func document(_ xml: String) -> XMLElement? {
    do throws(DocumentError) { return try XMLElement.parse(Array(xml.utf8)) } catch { return nil }
  }

  /// Sent at most once. Throws `.launchFailed` where the AMD-SP refuses, `.conflict` for a guest that is not
  /// paused.
  package func inject(
    header: [UInt8], payload: [UInt8], address: UInt64?, into uuid: GuestUUID
  ) throws(BackendError) {
    let act = begin("injecting a launch secret", .launch, on: uuid.rawValue)
    let domain = try domain(uuid, act)
    let (header, secret) = (Base64.encode(header), Base64.encode(payload))
    try perform(act, on: domain.host) { () throws(LibvirtError) in
      try domain.setLaunchSecret(header: header, secret: secret, address: address)
    } fate: { _ in
      .unknown
    }
  }
}

extension HostConnection {
  /// Starts the guest paused and returns the id of its run. A guest that is not the one that was asked for,
  /// or that libvirt did not leave paused, is destroyed again.
  fileprivate func launching(_ uuid: GuestUUID, _ xml: String) throws(LibvirtError) -> Int {
    let domain = try startingPaused(xml)
    do throws(LibvirtError) {
      guard try domain.uuid() == uuid else {
        throw LibvirtError(kind: .argument, message: "the domain XML is not of the guest \(uuid)")
      }
      guard let id = domain.id, try domain.state().runState == .paused else {
        throw LibvirtError(kind: .answer, message: "libvirt did not leave the guest paused")
      }
      return id
    } catch {
      try domain.takeBack(error)
      throw error
    }
  }
}

extension HostDomain {
  /// Destroys what was started; `reason` is why.
  fileprivate func takeBack(_ reason: LibvirtError) throws(LibvirtError) {
    do throws(LibvirtError) {
      try destroy(graceful: false)
    } catch  where error.kind != .connectionLost {
      throw LibvirtError(
        kind: .leftBehind, message: "\(reason.message), and it could not be destroyed: \(error.message)")
    }
  }
}
