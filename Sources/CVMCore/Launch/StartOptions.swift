import CVMCrypto

/// What `start` was asked to do and to allow.
package struct StartOptions: Sendable {
  package var staysPaused: Bool
  package var allowsDebug: Bool
  package var allowsKeySharing: Bool
  package var allowsSimulated: Bool
  /// Launch without a session: the firmware then uses all-zero keys, and nothing is proved.
  package var allowsUnattestable: Bool
  package var allowsUnmeasuredKernel: Bool
  package var secrets: [SecretSource]
  /// Files of `session create`; nil: a fresh session of our own.
  package var sessionPrefix: String?
  package var references: ReferenceFiles
  /// The reference value that the launch has to be: `NAME`, or `NAME@VERSION`.
  package var reference: String?

  package init(
    staysPaused: Bool = false, allowsDebug: Bool = false, allowsKeySharing: Bool = false,
    allowsSimulated: Bool = false, allowsUnattestable: Bool = false, allowsUnmeasuredKernel: Bool = false,
    secrets: [SecretSource] = [], sessionPrefix: String? = nil, references: ReferenceFiles = ReferenceFiles(),
    reference: String? = nil
  ) {
    self.staysPaused = staysPaused
    self.allowsDebug = allowsDebug
    self.allowsKeySharing = allowsKeySharing
    self.allowsSimulated = allowsSimulated
    self.allowsUnattestable = allowsUnattestable
    self.allowsUnmeasuredKernel = allowsUnmeasuredKernel
    self.secrets = secrets
    self.sessionPrefix = sessionPrefix
    self.references = references
    self.reference = reference
  }

  var consent: PolicyConsent { PolicyConsent(debug: allowsDebug, keySharing: allowsKeySharing) }
}

/// A launch secret to give: what it is called, and where it comes from.
package struct SecretSource: Equatable, Sendable {
  /// A GUID, `luks-key`, or a name of the guest's definition.
  package var name: String
  package var origin: Origin

  package enum Origin: Equatable, Sendable {
    /// A file or descriptor that holds it.
    case file(String)
    /// A key of the tenant.
    case key(String)
  }

  package init(name: String, path: String) {
    self.name = name
    origin = .file(path)
  }

  package init(name: String, key: String) {
    self.name = name
    origin = .key(key)
  }

  func read(openKey: (String) throws(CoreError) -> SecretBytes) throws(CoreError) -> SecretBytes {
    switch origin {
    case .file(let path): try InputFile.readSecret(path)
    case .key(let name): try openKey(name)
    }
  }
}

/// A guest that `start` started; `launch` is nil for one without launch security.
package struct StartedGuest: Sendable {
  package var guest: GuestOverview
  package var launch: LaunchRecord?
}

/// What happens during a launch, for people.
package enum LaunchEvent: Equatable, Sendable {
  case done(LaunchStep, note: String)
  case failed(LaunchStep)
  case destroyed

  package var text: String {
    switch self {
    case .done(let step, let note): note.isEmpty ? step.rawValue : "\(step.rawValue): \(note)"
    case .failed(let step): "\(step.rawValue): failed"
    case .destroyed: "destroyed"
    }
  }
}

package typealias LaunchProgress = @Sendable (LaunchEvent) -> Void
