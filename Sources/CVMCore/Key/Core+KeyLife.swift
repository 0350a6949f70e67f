import Bytes
import CVMCrypto
import StateStore
import Vault

/// Why a key is revoked.
package enum KeyRevocation: String, CaseIterable, Sendable {
  /// Others may know it.
  case compromised
  /// Another key took its place.
  case superseded
  /// What it was for is over.
  case ceased

  var state: KeyState { self == .compromised ? .compromised : .deactivated }
}

extension Core {
  /// Gives a key a new version, random or brought; the active one before it is deactivated.
  package func rotateKey(_ name: String, from path: String? = nil) throws(CoreError) -> KeyInfo {
    try requireWritable()
    let name = try KeyName.check(name)
    let algorithm = try algorithm(of: try namedKey(name, in: try store()))
    let secret = if let path { try Self.brought(path, algorithm) } else { try freshVersion(name, algorithm) }
    try prepareVault()
    return try acted("key.rotate", object: NamedKeyRow.prefix + name) { transaction throws(CoreError) in
      let row = try namedKey(name, in: transaction)
      let versions = try versions(of: row, in: transaction)
      guard let newest = versions.last, versions.contains(where: { $0.state != .destroyed }) else {
        throw .conflict("key '\(name)' is destroyed", hint: "create another one")
      }
      guard newest.state != .preActive else {
        throw .conflict("key '\(name)' version \(newest.version) is pre-active: its time has not begun")
      }
      for old in versions where old.state == .active {
        try move(old, of: row, to: .deactivated, because: "superseded", in: transaction)
      }
      try addVersion(newest.version + 1, of: row, secret, in: transaction)
      return try info(row, in: transaction)
    }
  }

  private func freshVersion(_ name: String, _ algorithm: KeyAlgorithm) throws(CoreError) -> SecretBytes {
    guard algorithm != .opaque else {
      throw .usage(
        "key '\(name)' was brought, so its next version is too",
        hint: "cvmctl key rotate \(name) --from FILE")
    }
    return try algorithm.random()
  }

  /// Rotates every key that is due. An opaque one stays due: its next version has to be brought.
  package func rotateKeysDue() throws(CoreError) -> (rotated: [KeyInfo], left: [KeyInfo]) {
    try requireWritable()
    let due = try keysDue()
    let left = due.filter { $0.algorithm == KeyAlgorithm.opaque.rawValue }
    let rotated = try due.filter { $0.algorithm != KeyAlgorithm.opaque.rawValue }.map {
      key throws(CoreError) in try rotateKey(key.name)
    }
    return (rotated, left)
  }

  /// Ends the use of a version, or of all of a key.
  package func revokeKey(
    _ name: String, version: Int64?, because reason: KeyRevocation
  ) throws(CoreError) -> KeyInfo {
    try end(
      name, version: version, act: "key.revoke", detail: [(key: "reason", value: reason.rawValue)],
      as: reason.state
    ) { row, old, transaction throws(CoreError) in
      try move(old, of: row, to: reason.state, because: reason.rawValue, in: transaction)
    }
  }

  /// Stops the use of a version, or of all of a key that are active, until it is resumed.
  package func suspendKey(_ name: String, version: Int64?) throws(CoreError) -> KeyInfo {
    try end(name, version: version, act: "key.suspend", detail: [], as: .suspended) {
      row, old, transaction throws(CoreError) in
      try move(old, of: row, to: .suspended, because: nil, in: transaction)
    }
  }

  /// Lets suspended versions be used again; one that is waiting for its time begins with this.
  package func resumeKey(_ name: String, version: Int64?) throws(CoreError) -> KeyInfo {
    try end(name, version: version, act: "key.resume", detail: [], as: .active) {
      row, old, transaction throws(CoreError) in
      try move(old, of: row, to: .active, because: nil, in: transaction)
    }
  }

  /// Erases a version, or all of a key. Its bytes are then in no file of the state directory.
  package func destroyKey(_ name: String, version: Int64?) throws(CoreError) -> KeyInfo {
    let key: KeyInfo
    do {
      key = try end(name, version: version, act: "key.destroy", detail: [], as: .destroyed) {
        row, old, transaction throws(CoreError) in
        try move(old, of: row, to: .destroyed, because: old.reason, in: transaction)
        try stored { () throws(StoreError) in
          try transaction.updateWrappedKey(
            object: row.object, purpose: row.purpose, version: old.version,
            state: KeyState.destroyed.rawValue, envelope: [])
        }
      }
    } catch {
      // What was destroyed before, while others read, is out of the log at the latest now.
      if case .conflict = error { try? emptyLog(name) }
      throw error
    }
    try emptyLog(name)
    return key
  }

  private func emptyLog(_ name: String) throws(CoreError) {
    do {
      try store().checkpoint()
    } catch let error as StoreError {
      guard case .locked = error else { throw .store(error) }
      throw .conflict(
        "key '\(name)' is destroyed, but its wrapped bytes stay in the store's log while others read it",
        hint: "destroy it again when they have ended")
    } catch {
      throw .conflict("the store's log could not be emptied")
    }
  }

  /// One version, which has to be able to become `state`; or every one that is able to, at least one.
  private func end(
    _ name: String, version: Int64?, act: String, detail: [(key: String, value: String)], as state: KeyState,
    _ change: (NamedKeyRow, KeyDetails.KeyVersion, borrowing Transaction) throws(CoreError) -> Void
  ) throws(CoreError) -> KeyInfo {
    try requireWritable()
    let name = try KeyName.check(name)
    let named = version.map { [(key: "version", value: String($0))] } ?? []
    return try acted(act, object: NamedKeyRow.prefix + name, detail: named + detail) {
      transaction throws(CoreError) in
      let row = try namedKey(name, in: transaction)
      let all = try versions(of: row, in: transaction)
      let chosen = version == nil ? all : all.filter { $0.version == version }
      guard let newest = chosen.last else { throw .notFound(.key, "\(name)@\(version ?? 0)") }
      let movable = chosen.filter { $0.state.mayBecome(state) }
      guard !movable.isEmpty else {
        let problem = newest.state == state ? "already" : "and cannot become \(state.rawValue)"
        throw .conflict("key '\(name)' version \(newest.version) is \(newest.state.rawValue) \(problem)")
      }
      for old in movable { try change(row, old, transaction) }
      return try info(row, in: transaction)
    }
  }

  private func move(
    _ old: KeyDetails.KeyVersion, of key: NamedKeyRow, to state: KeyState, because reason: String?,
    in transaction: borrowing Transaction
  ) throws(CoreError) {
    guard old.state.mayBecome(state) else {
      throw .conflict(
        "key '\(key.name)' version \(old.version) is \(old.state.rawValue): it cannot become \(state.rawValue)"
      )
    }
    try stored { () throws(StoreError) in
      try transaction.setKeyState(
        object: key.object, purpose: key.purpose, version: old.version, state: state.rawValue, reason: reason)
    }
  }

  func algorithm(of key: NamedKeyRow) throws(CoreError) -> KeyAlgorithm {
    guard let algorithm = KeyAlgorithm(rawValue: key.algorithm) else {
      throw .unsupported(
        "key '\(key.name)' is of algorithm \(key.algorithm), which this version does not know")
    }
    return algorithm
  }
}
