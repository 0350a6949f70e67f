internal import CLibvirt
internal import CVMCore

/// A guest of a `HostConnection`, as it was looked up: its name, its UUID and its run.
protocol HostDomain: Sendable {
  var host: any HostConnection { get }

  /// Asks nobody.
  func name() throws(LibvirtError) -> String
  /// Asks nobody.
  func uuid() throws(LibvirtError) -> GuestUUID
  /// The id of the run, as it was when the domain was looked up; nil while inactive. Asks nobody.
  var id: Int? { get }

  func state() throws(LibvirtError) -> StateCode
  func info() throws(LibvirtError) -> DomainInfo
  func osType() throws(LibvirtError) -> String
  func isPersistent() throws(LibvirtError) -> Bool
  func autostart() throws(LibvirtError) -> Bool
  func hasManagedSave() throws(LibvirtError) -> Bool
  func xml(_ form: DomainXMLForm) throws(LibvirtError) -> String
  /// Asks for a statistic that libvirt gives in its turn, unlike the state. What it says does not matter.
  func askInTurn() throws(LibvirtError)

  func undefine(flags: UInt32) throws(LibvirtError)
  func start(paused: Bool) throws(LibvirtError)
  func shutdown() throws(LibvirtError)
  func reboot() throws(LibvirtError)
  func reset() throws(LibvirtError)
  func suspend() throws(LibvirtError)
  func resume() throws(LibvirtError)
  func destroy(graceful: Bool) throws(LibvirtError)

  /// Empty for a domain without launch security.
  func launchSecurity() throws(LibvirtError) -> TypedParameters
  /// `header` and `secret` are base64.
  func setLaunchSecret(header: String, secret: String, address: UInt64?) throws(LibvirtError)
}

extension HostDomain {
  func guestState() throws(LibvirtError) -> GuestState {
    GuestState(uuid: try uuid(), name: try name(), id: id, try state())
  }

  /// Returns once no other call is at work on the guest.
  func waitForOthers() throws(LibvirtError) {
    do throws(LibvirtError) {
      try askInTurn()
    } catch  where error.code == Int(VIR_ERR_OPERATION_INVALID.rawValue) || error.isUnsupported {
      // It has become inactive, or the driver has nothing to wait for.
    }
  }

  /// Destroys the run that this domain was looked up in. libvirt says "not running" also of a guest that it
  /// destroyed for this very call while it was taking it over: what counts is that the run is over.
  func destroyRun(graceful: Bool) throws(LibvirtError) {
    do throws(LibvirtError) {
      try destroy(graceful: graceful)
    } catch  where error.code == Int(VIR_ERR_OPERATION_INVALID.rawValue) && id != nil {
      guard try host.find(uuid())?.id != id else { throw error }
    }
  }
}
