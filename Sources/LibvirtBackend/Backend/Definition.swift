internal import CLibvirt
package import CVMCore

extension LibvirtBackend {
  /// Where the connection ends before the answer, the definition is handed over once more: storing the same
  /// one twice is storing it once.
  package func define(xml: String) throws(BackendError) -> GuestState {
    let act = begin("define", .definition)
    let define: @Sendable (any HostConnection) throws(LibvirtError) -> GuestState = {
      host throws(LibvirtError) in
      try host.defining(xml).guestState()
    }
    let host = try host(act)
    return try perform(act, on: host) { () throws(LibvirtError) in
      try define(host)
    } fate: { host throws(LibvirtError) in
      .done(try define(host))
    }
  }

  package func undefine(_ uuid: GuestUUID, _ options: UndefineOptions) throws(BackendError) {
    let act = begin("undefine", .change, on: uuid.rawValue)
    let domain = try domain(uuid, act)
    try perform(act, on: domain.host) { () throws(LibvirtError) in
      try domain.undefine(flags: options.flags)
    } fate: { host throws(LibvirtError) in
      guard let found = try host.find(uuid) else { return .done(()) }
      return try found.isPersistent() ? .undone : .done(())
    }
  }
}

extension UndefineOptions {
  /// libvirt refuses to remove and to keep the NVRAM at once: that is the caller's error to hear of.
  var flags: UInt32 {
    var flags: UInt32 = 0
    if removeNVRAM { flags |= VIR_DOMAIN_UNDEFINE_NVRAM.rawValue }
    if keepNVRAM { flags |= VIR_DOMAIN_UNDEFINE_KEEP_NVRAM.rawValue }
    if managedSave { flags |= VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue }
    if snapshotsMetadata { flags |= VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue }
    return flags
  }
}
