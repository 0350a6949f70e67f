import Foundation

/// Where the project's own files and the programs under test are.
package enum Repository {
  /// The checkout that this file was compiled from.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The program under test: `CVMCTL_BINARY`, else the release build.
  package static let cvmctl = program("cvmctl", variable: "CVMCTL_BINARY")
  /// The emulator wrapper under test: `CVM_QEMU_BINARY`, else the release build.
  package static let cvmQEMU = program("cvm-qemu", variable: "CVM_QEMU_BINARY")

  private static func program(_ name: String, variable: String) -> String {
    ProcessInfo.processInfo.environment[variable] ?? "\(root)/.build/release/\(name)"
  }
}
