/// The commands of the SEV firmware that this AMD-SP knows, by AMD's names and numbers. Source: AMD 55766,
/// chapters 5 and 6; the numbers also stand in Linux's `psp-sev.h`. Every other number is answered with
/// INVALID_COMMAND.
package enum CommandID: UInt32, CaseIterable, Sendable {
  case initialize = 0x01
  case shutdown = 0x02
  case platformReset = 0x03
  case platformStatus = 0x04
  case pekGenerate = 0x05
  case pekCSR = 0x06
  case pekCertificateImport = 0x07
  case pdhCertificateExport = 0x08
  case pdhGenerate = 0x09
  case dataFabricFlush = 0x0A
  case getID = 0x0C
  case nop = 0x0E
  case decommission = 0x20
  case activate = 0x21
  case deactivate = 0x22
  case guestStatus = 0x23
  case launchStart = 0x30
  case launchUpdateData = 0x31
  case launchUpdateVMSA = 0x32
  case launchMeasure = 0x33
  case launchSecret = 0x34
  case launchFinish = 0x35
  case attestation = 0x36
  case debugDecrypt = 0x60
  case debugEncrypt = 0x61

  /// AMD's name: `LAUNCH_START`.
  package var amdName: String {
    switch self {
    case .initialize: "INIT"
    case .shutdown: "SHUTDOWN"
    case .platformReset: "PLATFORM_RESET"
    case .platformStatus: "PLATFORM_STATUS"
    case .pekGenerate: "PEK_GEN"
    case .pekCSR: "PEK_CSR"
    case .pekCertificateImport: "PEK_CERT_IMPORT"
    case .pdhCertificateExport: "PDH_CERT_EXPORT"
    case .pdhGenerate: "PDH_GEN"
    case .dataFabricFlush: "DF_FLUSH"
    case .getID: "GET_ID"
    case .nop: "NOP"
    case .decommission: "DECOMMISSION"
    case .activate: "ACTIVATE"
    case .deactivate: "DEACTIVATE"
    case .guestStatus: "GUEST_STATUS"
    case .launchStart: "LAUNCH_START"
    case .launchUpdateData: "LAUNCH_UPDATE_DATA"
    case .launchUpdateVMSA: "LAUNCH_UPDATE_VMSA"
    case .launchMeasure: "LAUNCH_MEASURE"
    case .launchSecret: "LAUNCH_SECRET"
    case .launchFinish: "LAUNCH_FINISH"
    case .attestation: "ATTESTATION"
    case .debugDecrypt: "DBG_DECRYPT"
    case .debugEncrypt: "DBG_ENCRYPT"
    }
  }
}
