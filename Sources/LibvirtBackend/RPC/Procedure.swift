/// The procedures of libvirt's remote program that are called here, by libvirt's numbers. All are older than
/// libvirt 2. Source: libvirt, `src/remote/remote_protocol.x`, `remote_procedure`.
enum Procedure: UInt32, CaseIterable, Sendable {
  case connectOpen = 1
  case connectClose = 2
  case domainGetXMLDesc = 14
  case domainGetAutostart = 15
  case domainGetInfo = 16
  case domainGetOSType = 19
  case domainLookupByID = 22
  case domainLookupByName = 23
  case domainLookupByUUID = 24
  case connectGetHostname = 59
  case authList = 66
  case domainIsPersistent = 151
  case domainHasManagedSaveImage = 183
  case domainGetState = 212
  case connectGetAllDomainStats = 344
}
