import CTPM
import CVMCrypto
import Glibc

/// A TPM 2.0, for one visit: seals a secret to its PCRs, or gives it back. A PIN is tried once, and not where a wrong one would
/// lock the TPM.
struct TPM {
  /// For one visit: the slowest chips take some seconds.
  static let patience: Int32 = 15_000
  private static let own = "device:/dev/tpmrm0"

  let tcti: String

  /// - Parameter address: what the seal says; `CVMCTL_TCTI` counts before it, `TPM2TOOLS_TCTI` and the machine's own after it.
  init(at address: TPMAddress?) throws(VaultError) {
    func variable(_ name: String) -> String? {
      unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    let tcti = variable("CVMCTL_TCTI") ?? address?.tcti ?? variable("TPM2TOOLS_TCTI") ?? Self.own
    guard let checked = TPMAddress(tcti), Self.isDevice(checked.tcti) else {
      throw .tpm(.notATPM(tcti))
    }
    self.tcti = checked.tcti
  }

  /// A file that is named as a device would be written to.
  private static func isDevice(_ tcti: String) -> Bool {
    let prefix = "device:"
    guard tcti.hasPrefix(prefix) else { return true }
    var status = stat()
    // What is not there is for the TPM's library to miss.
    guard unsafe stat(String(tcti.dropFirst(prefix.count)), &status) == 0 else { return true }
    return status.st_mode & S_IFMT == S_IFCHR
  }

  func seal(
    _ secret: SecretBytes, to pcrs: PCRSelection, pin: SecretBytes?, at address: TPMAddress?
  ) throws(VaultError) -> TPMSeal {
    var parent = [UInt8](repeating: 0, count: TPMSeal.nameSize)
    var publicArea = [UInt8](repeating: 0, count: TPMSeal.areaSizes.upperBound)
    var privateArea = publicArea
    var (publicCount, privateCount, isSoftware) = (0, 0, false)
    let result = unsafe visited(pcrs, pin) { conditions in
      unsafe parent.withUnsafeMutableBufferPointer { parent in
        unsafe publicArea.withUnsafeMutableBufferPointer { publicArea in
          unsafe privateArea.withUnsafeMutableBufferPointer { privateArea in
            guard let parent = parent.baseAddress, let open = publicArea.baseAddress,
              let closed = privateArea.baseAddress
            else { return UInt32(cvm_tpm_malformed) }
            var object = unsafe cvm_tpm_object(
              parent: parent, public_area: open, private_area: closed, public_count: 0, private_count: 0,
              is_software: 0)
            let result = secret.withBytes { bytes in
              unsafe cvm_tpm_seal(&conditions, bytes.baseAddress, Self.patience, &object)
            }
            unsafe (publicCount, privateCount) = (object.public_count, object.private_count)
            unsafe isSoftware = object.is_software != 0
            return result
          }
        }
      }
    }
    if let problem = TPMProblem(result) { throw .tpm(problem) }
    return TPMSeal(
      pcrs: pcrs, hasPIN: pin != nil, isSoftware: isSoftware, parent: parent,
      publicArea: Array(publicArea.prefix(publicCount)), privateArea: Array(privateArea.prefix(privateCount)),
      address: address)
  }

  func unseal(_ seal: TPMSeal, pin: SecretBytes?) throws(VaultError) -> SecretBytes {
    var (parent, publicArea, privateArea) = (seal.parent, seal.publicArea, seal.privateArea)
    var result: UInt32 = 0
    let secret = SecretBytes.filled(AES256GCM.keySize) { target in
      result = unsafe visited(seal.pcrs, pin) { conditions in
        unsafe parent.withUnsafeMutableBufferPointer { parent in
          unsafe publicArea.withUnsafeMutableBufferPointer { publicArea in
            unsafe privateArea.withUnsafeMutableBufferPointer { privateArea in
              guard let name = parent.baseAddress, let open = publicArea.baseAddress,
                let closed = privateArea.baseAddress
              else { return UInt32(cvm_tpm_malformed) }
              var object = unsafe cvm_tpm_object(
                parent: name, public_area: open, private_area: closed, public_count: publicArea.count,
                private_count: privateArea.count, is_software: 0)
              return unsafe cvm_tpm_unseal(&conditions, &object, Self.patience, target.baseAddress)
            }
          }
        }
      }
    }
    if let problem = TPMProblem(result) { throw .tpm(problem) }
    return secret
  }

  private func visited(
    _ pcrs: PCRSelection, _ pin: SecretBytes?, _ body: (inout cvm_tpm_conditions) -> UInt32
  ) -> UInt32 {
    unsafe tcti.withCString { tcti in
      var conditions = unsafe cvm_tpm_conditions(
        tcti: tcti, bank: pcrs.bank.rawValue, pcrs: pcrs.mask, pin: nil, pin_count: 0)
      guard let pin else { return unsafe body(&conditions) }
      return pin.withBytes { bytes in
        unsafe conditions.pin = bytes.baseAddress
        unsafe conditions.pin_count = bytes.count
        return unsafe body(&conditions)
      }
    }
  }
}

/// Why a TPM did not do what was asked.
package enum TPMProblem: Equatable, Sendable {
  /// Its libraries are not installed.
  case noLibrary
  /// What was named as one is none.
  case notATPM(String)
  case unreachable
  /// It did not answer in time.
  case silent
  /// It lacks these PCRs.
  case noPCRs
  case otherTPM
  case otherPCRs
  case wrongPIN
  /// A wrong PIN more would lock it, or it is locked: nothing was tried.
  case lastTry
  case malformed
  /// It has no room for a counter more.
  case noRoom
  /// Who asks has to know its owner's password.
  case ownerPassword
  /// A TPM_RC, or a code of TCG's software stack.
  case failed(UInt32)

  init?(_ result: UInt32) {
    switch result {
    case 0: return nil
    case UInt32(cvm_tpm_no_library): self = .noLibrary
    case UInt32(cvm_tpm_no_tpm): self = .unreachable
    case UInt32(cvm_tpm_silent): self = .silent
    case UInt32(cvm_tpm_no_pcrs): self = .noPCRs
    case UInt32(cvm_tpm_other_tpm): self = .otherTPM
    case UInt32(cvm_tpm_wrong_pcrs): self = .otherPCRs
    case UInt32(cvm_tpm_wrong_pin): self = .wrongPIN
    case UInt32(cvm_tpm_last_try): self = .lastTry
    case UInt32(cvm_tpm_malformed): self = .malformed
    case UInt32(cvm_tpm_no_room): self = .noRoom
    default: self = .failed(result)
    }
  }

  package var words: String {
    switch self {
    case .noLibrary: "libtss2-esys, libtss2-mu or libtss2-tctildr is not installed"
    case .notATPM(let text): "'\(text)' is no TPM"
    case .unreachable: "it cannot be reached"
    case .silent: "it does not answer"
    case .noPCRs: "it has no such PCRs in that bank"
    case .otherTPM: "the root key was sealed by another one, or before its owner was cleared"
    case .otherPCRs: "its PCRs have other values than when the root key was sealed"
    case .wrongPIN: "that is not its PIN"
    case .lastTry: "it is locked, or one wrong PIN more would lock it: the PIN was not tried"
    case .malformed: "what is to be opened is none of its objects"
    case .noRoom: "it has no room for a counter more"
    case .ownerPassword: "its owner has a password"
    case .failed(let code): "it reports 0x\(String(code, radix: 16))"
    }
  }

  package var hint: String? {
    switch self {
    case .noLibrary: "install libtss2-esys and libtss2-tctildr"
    case .notATPM: "a TPM is device:FILE, swtpm:…, mssim:… or tabrmd:…"
    case .unreachable, .silent: "name it with --tcti or CVMCTL_TCTI; the machine's own is device:/dev/tpmrm0"
    case .otherPCRs: "start what was started then, or restore a root key that is sealed another way"
    case .noRoom: "see: tpm2_getcap handles-nv-index"
    case .ownerPassword: "tpm2_changeauth -c owner takes it away"
    case .lastTry: "wait until it forgets, or: tpm2_dictionarylockout --clear-lockout"
    default: nil
    }
  }
}
