/// The procedures of libvirt's remote program that are called here, by libvirt's numbers. Those of launch
/// security came with libvirt 4.5 and 8.0, all others before libvirt 2. Source: libvirt, `src/remote/remote_protocol.x`, `remote_procedure`.
enum Procedure: UInt32, CaseIterable, Sendable {
  case connectOpen = 1
  case connectClose = 2
  case connectGetCapabilities = 7
  case domainCreateXML = 10
  case domainGetXMLDesc = 14
  case domainGetAutostart = 15
  case domainGetInfo = 16
  case domainGetOSType = 19
  case domainLookupByID = 22
  case domainLookupByName = 23
  case domainLookupByUUID = 24
  case domainReboot = 27
  case domainResume = 28
  case domainSuspend = 34
  case connectGetHostname = 59
  case authList = 66
  case domainIsPersistent = 151
  case domainMemoryStats = 159
  case domainHasManagedSaveImage = 183
  case domainCreateWithFlags = 196
  case domainGetState = 212
  case domainUndefineFlags = 231
  case domainDestroyFlags = 234
  case domainReset = 245
  case domainShutdownFlags = 258
  case connectGetDomainCapabilities = 342
  case connectGetAllDomainStats = 344
  case domainDefineXMLFlags = 350
  case nodeGetSEVInfo = 395
  case domainGetLaunchSecurityInfo = 396
  case domainSetLaunchSecurityState = 439
}
