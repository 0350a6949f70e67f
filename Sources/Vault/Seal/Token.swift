import CPKCS11
import CVMCrypto

/// A session with a token, in which its user is logged in. The PIN is tried once, and not where a wrong one would lock the token.
@safe final class Token {
  private let token: OpaquePointer  // cvm_token
  private let seal: TokenSeal

  init(_ seal: TokenSeal, pin: SecretBytes) throws(VaultError) {
    let module: String
    do { module = try TrustedModule.resolved(seal.module) } catch { throw .token(error, seal.label) }
    var opened: OpaquePointer?
    let result = pin.withBytes { bytes in
      unsafe cvm_token_open(module, seal.label, bytes.baseAddress, bytes.count, &opened)
    }
    guard result == 0, let token = unsafe opened else { throw .token(TokenProblem(result), seal.label) }
    unsafe self.token = token
    self.seal = seal
  }

  deinit { unsafe cvm_token_close(token) }

  /// The root key under the token's key, which is made where there is none.
  func seal(_ root: SecretBytes, nonce: [UInt8], data: [UInt8]) throws(VaultError) -> [UInt8] {
    try check(unsafe cvm_token_key(token, TokenSeal.keyName, 1))
    var sealed = [UInt8](repeating: 0, count: root.count + AES256GCM.tagSize)
    let result = root.withBytes { bytes in
      unsafe cvm_token_seal(token, nonce, data, data.count, bytes.baseAddress, bytes.count, &sealed)
    }
    try check(result)
    return sealed
  }

  func open(_ sealed: [UInt8], nonce: [UInt8], data: [UInt8]) throws(VaultError) -> SecretBytes {
    try check(unsafe cvm_token_key(token, TokenSeal.keyName, 0))
    var result: UInt = 0
    let root = SecretBytes.filled(RootKeyFile.keySize) { target in
      result = unsafe cvm_token_unseal(
        token, nonce, data, data.count, sealed, sealed.count, target.baseAddress)
    }
    // Modules do not agree on what a wrong tag is.
    guard result == 0 else { throw .wrongOpening(.pkcs11) }
    return root
  }

  private func check(_ result: UInt) throws(VaultError) {
    guard result == 0 else { throw .token(TokenProblem(result), seal.label) }
  }
}

/// Why a token did not do what was asked.
package enum TokenProblem: Error, Equatable, Sendable {
  case noModule
  /// This path of its module, or above it, is somebody else's, or others can write there.
  case untrusted(String)
  /// No token of that label, or several.
  case noToken
  case wrongPIN
  /// A wrong PIN more would lock it, or it is locked: nothing was tried.
  case lastTry
  case noKey
  /// A CK_RV of PKCS#11.
  case failed(UInt)

  init(_ result: UInt) {
    switch result {
    case UInt(cvm_pkcs11_no_module): self = .noModule
    case UInt(cvm_pkcs11_no_token): self = .noToken
    case UInt(cvm_pkcs11_last_try), 0xA4: self = .lastTry
    case UInt(cvm_pkcs11_no_key): self = .noKey
    case 0xA0, 0xA1, 0xA2: self = .wrongPIN
    default: self = .failed(result)
    }
  }

  package var words: String {
    switch self {
    case .noModule: "its PKCS#11 module cannot be loaded"
    case .untrusted(let path): "its PKCS#11 module is not loaded, for others can change \(path)"
    case .noToken: "there is no token of that label, or several"
    case .wrongPIN: "that is not its PIN"
    case .lastTry: "it is locked, or one wrong PIN more would lock it: the PIN was not tried"
    case .noKey: "it has no key '\(TokenSeal.keyName)', or several"
    case .failed(let number): "the module reports 0x\(String(number, radix: 16))"
    }
  }
}
