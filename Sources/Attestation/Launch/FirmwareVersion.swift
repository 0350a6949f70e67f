/// The version of a SEV firmware, as it enters a measurement.
package struct FirmwareVersion: Hashable, Sendable, CustomStringConvertible {
  package let apiMajor: UInt8
  package let apiMinor: UInt8
  package let build: UInt8

  package init(apiMajor: UInt8, apiMinor: UInt8, build: UInt8) {
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    self.build = build
  }

  /// `1.55 build 21`.
  package var description: String { "\(apiMajor).\(apiMinor) build \(build)" }

  /// Firmware up to API 0.16 does not bind a launch secret to the measurement: a secret for one launch
  /// would open in another.
  package var bindsSecretsToLaunch: Bool { (apiMajor, apiMinor) > (0, 16) }
}

/// Which firmware an owner accepts.
package enum FirmwareExpectation: Equatable, Sendable {
  case any
  case atLeast(apiMajor: UInt8, apiMinor: UInt8)
  case exactly(FirmwareVersion)

  func admits(_ version: FirmwareVersion) -> Bool {
    switch self {
    case .any: true
    case .atLeast(let major, let minor): (version.apiMajor, version.apiMinor) >= (major, minor)
    case .exactly(let wanted): version == wanted
    }
  }

  package var description: String {
    switch self {
    case .any: "any"
    case .atLeast(let major, let minor): "\(major).\(minor) or newer"
    case .exactly(let version): version.description
    }
  }
}
