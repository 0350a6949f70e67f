import Foundation
import TestHarness

/// The program under test: `CVMCTL_BINARY`, else the one that was built together with these tests.
enum Program {
  static let cvmctl: String = {
    if let named = ProcessInfo.processInfo.environment["CVMCTL_BINARY"] { return named }
    let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = products.appendingPathComponent("cvmctl").path
    return FileManager.default.isExecutableFile(atPath: beside) ? beside : Repository.cvmctl
  }()
}
