import Bytes
import CVMCrypto
import StateStore
import Vault

/// The vault as commands show it.
package struct VaultStatus: Encodable, Equatable, Sendable {
  package enum Access: String, Encodable, Sendable {
    /// No root key yet: the first key makes one under the seal `file`.
    case absent
    case locked
    case unlocked
  }

  package var seal: String
  /// `pbkdf2-sha256, 600000 iterations`; nil where the seal has none.
  package var parameters: String?
  package var state: Access
  /// What the seal protects against.
  package var protects: String
  package var agentPid: Int?
  /// Seconds after which an agent without a question ends, and how many of them are left.
  package var agentIdle: Int?
  package var agentIdleLeft: Int?
  /// By what a rollback of the whole state directory is found.
  package var rollback: String
  /// Versions of tenants' KEKs.
  package var tenantKeys: Int
  /// Whether the audit log has a key under the root key.
  package var auditKey: Bool
  package var simulated = false

  init(
    _ vault: SealedVault?, tenantKeys: Int, auditKey: Bool, rollback: String
  ) throws(VaultError) {
    let stored = try vault?.stored()
    let kind = stored?.kind ?? .file
    let agent = vault?.agent.state()
    seal = kind.rawValue
    protects = kind.protects
    self.rollback = rollback
    self.tenantKeys = tenantKeys
    self.auditKey = auditKey
    state = stored == nil ? .absent : .unlocked
    if case .sealed(let sealed) = stored {
      parameters = Self.text(of: sealed.seal)
      if case .tpm2(let seal) = sealed.seal, seal.isSoftware {
        protects = "protects a stolen state directory, not one stolen with the software TPM's own files"
      }
      let isHeld = agent?.vaultID == sealed.vaultID
      state = isHeld || sealed.opensByItself ? .unlocked : .locked
      if isHeld, let agent {
        agentPid = Int(agent.pid)
        agentIdle = agent.idleLimit
        agentIdleLeft = agent.idleLeft
      }
    }
  }

  private static func text(of seal: SealedRootKey.Seal) -> String {
    switch seal {
    case .passphrase(let seal):
      switch seal.kdf {
      case .pbkdf2(let iterations): "pbkdf2-sha256, \(iterations) iterations"
      case .scrypt(let n, let r, let p): "scrypt, N \(n), r \(r), p \(p)"
      }
    case .pkcs11(let seal): "token \(seal.label), module \(seal.module)"
    case .tpm2(let seal):
      "PCRs \(seal.pcrs.text)\(seal.hasPIN ? ", a PIN" : "")\(seal.isSoftware ? ", a software TPM" : "")"
        + (seal.address.map { ", \($0.tcti)" } ?? "")
    case .shamir(let seal): "\(seal.threshold) of \(seal.shares) shares, set \(Hex.encode(seal.set))"
    }
  }
}
