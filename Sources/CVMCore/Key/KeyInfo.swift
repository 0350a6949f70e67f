import Bytes
import StateStore
package import Vault

/// A named key as it is shown: never its bytes.
package struct KeyInfo: Encodable, Equatable, Sendable {
  package var name: String
  package var tenant: String
  package var purpose: String
  package var algorithm: String
  /// How its newest version is wrapped: `aes-256-gcm`, `x-wing`; nil where it was erased.
  package var wrapping: String?
  /// Of its newest version.
  package var state: KeyState
  /// The number of the newest version.
  package var version: Int64
  /// How many versions there are, destroyed ones too.
  package var versions: Int
  /// Of the newest version.
  package var uses: Int64
  /// Seconds.
  package var rotateAfter: Int64?
  package var maxUses: Int64?
  package var nextRotation: String?
  package var due: Bool
  package var createdAt: String
  package let simulated = false
}

/// A named key with its versions, and where it is used.
package struct KeyDetails: Encodable, Equatable, Sendable {
  package var key: KeyInfo
  package var history: [KeyVersion]
  package var guests: [Guest]
  package var launches: [Launch]
  package let simulated = false

  package struct KeyVersion: Encodable, Equatable, Sendable {
    package var version: Int64
    package var state: KeyState
    package var reason: String?
    package var wrapping: String?
    package var createdAt: String
    package var changedAt: String?
    package var uses: Int64
    /// When it became or becomes active, where that is not when it was made.
    package var activeFrom: String?
    /// Of a key that signs, hex: see `PublicKeyBytes`.
    package var publicKey: String?
  }

  /// A guest whose definition names the key.
  package struct Guest: Encodable, Equatable, Sendable {
    package var guest: String
    package var uri: String
    package var secret: String
  }

  /// A launch that was given the key.
  package struct Launch: Encodable, Equatable, Sendable {
    package var launch: String
    package var guest: String
    package var version: Int64
    package var usedAt: String
  }
}

/// What a rotation of the tenant's KEK did.
package struct KEKRotation: Encodable, Equatable, Sendable {
  package var tenant: String
  /// The version that everything hangs on now.
  package var version: UInt32
  /// How it seals: `aes-256-gcm`, `x-wing`.
  package var wrapping: String
  /// A rotation that was interrupted was brought to its end.
  package var resumed: Bool
  /// Envelopes made anew.
  package var rewrapped: Int
  /// Versions that are gone for good.
  package var destroyed: [UInt32]
  package let simulated = false
}

extension KeyInfo {
  /// - Parameter versions: of this key, oldest first; at least one.
  init(
    _ row: NamedKeyRow, _ versions: [KeyVersionRow], tenant: String, at now: Timestamp
  ) throws(CoreError) {
    guard let newest = versions.last, let state = newest.state(at: now) else {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the versions of key '\(row.name)'"))
    }
    let rotation = KeyRotation(after: row.rotateAfter, maxUses: row.maxUses)
    let isActive = state == .active
    self.init(
      name: row.name, tenant: tenant, purpose: row.purpose, algorithm: row.algorithm,
      wrapping: newest.wrapping, state: state,
      version: newest.version, versions: versions.count, uses: newest.uses, rotateAfter: row.rotateAfter,
      maxUses: row.maxUses,
      nextRotation: isActive ? rotation.dueTime(madeAt: newest.begunAt)?.description : nil,
      due: isActive && rotation.isDue(madeAt: newest.begunAt, uses: newest.uses, at: now),
      createdAt: row.createdAt.description)
  }
}

extension KeyDetails.KeyVersion {
  init(_ row: KeyVersionRow, at now: Timestamp) throws(CoreError) {
    guard let state = row.state(at: now) else {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the state of \(row.object)"))
    }
    self.init(
      version: row.version, state: state, reason: row.reason, wrapping: row.wrapping,
      createdAt: row.createdAt.description,
      changedAt: row.changedAt?.description, uses: row.uses, activeFrom: row.activeFrom?.description,
      publicKey: row.publicKey.map(Hex.encode))
  }
}

extension KeyVersionRow {
  /// Nil for no state at all. A pre-active version is active from its moment on; nobody has to come and say so.
  fileprivate func state(at now: Timestamp) -> KeyState? {
    let stored = KeyState(rawValue: state)
    guard stored == .preActive, let activeFrom, activeFrom <= now else { return stored }
    return .active
  }

  /// When its age begins.
  fileprivate var begunAt: Timestamp { activeFrom.map { max($0, createdAt) } ?? createdAt }

  /// The name of what its envelope is sealed with; of a number that this version does not know, the number.
  fileprivate var wrapping: String? {
    sealing.map { Envelope.Algorithm(rawValue: $0)?.name ?? String($0) }
  }
}
