import Foundation
import TestHarness

/// A TPM of the test's own: swtpm, with a state of its own, ended with the value.
final class SoftwareTPM {
  let address: String
  private let directory: ScratchDirectory
  private var process: RunningTool

  init() throws {
    directory = try ScratchDirectory()
    _ = try directory.makeDirectory("state")
    address = "swtpm:path=\(directory.file("tpm"))"
    process = try Self.started(in: directory)
  }

  deinit { stop() }

  func stop() {
    process.signal(SIGCONT)
    process.signal(SIGTERM)
    _ = try? process.wait(timeout: .seconds(5))
  }

  /// The same TPM after a reset, as the machine's at its next start: its PCRs are zero.
  func restart() throws { try restarted {} }

  /// What it has in its memory, to be put back later.
  func saved() throws -> URL {
    let copy = URL(fileURLWithPath: directory.file("saved"))
    try restarted { try FileManager.default.copyItem(at: memory, to: copy) }
    return copy
  }

  func restore(_ copy: URL) throws {
    try restarted {
      try FileManager.default.removeItem(at: memory)
      try FileManager.default.copyItem(at: copy, to: memory)
    }
  }

  private var memory: URL { URL(fileURLWithPath: directory.file("state")) }

  private func restarted(_ body: () throws -> Void) throws {
    stop()
    try body()
    process = try Self.started(in: directory)
  }

  /// It takes no more commands, and does not end either.
  func freeze() { process.signal(SIGSTOP) }

  func thaw() { process.signal(SIGCONT) }

  /// A program of tpm2-tools.
  @discardableResult
  func tool(_ name: String, _ arguments: String...) throws -> Outcome {
    var environment = Tool.plainEnvironment
    environment["TPM2TOOLS_TCTI"] = address
    return try Tool("/usr/bin/tpm2_\(name)", environment: environment).succeed(arguments)
  }

  private static func started(in directory: ScratchDirectory) throws -> RunningTool {
    let socket = directory.file("tpm")
    for path in [socket, socket + ".ctrl"] { try? FileManager.default.removeItem(atPath: path) }
    let process = try Tool("/usr/bin/swtpm").start([
      "socket", "--tpm2", "--tpmstate", "dir=\(directory.file("state"))", "--ctrl",
      "type=unixio,path=\(socket).ctrl", "--server", "type=unixio,path=\(socket)", "--flags",
      "not-need-init,startup-clear",
    ])
    guard holds(within: .seconds(10), { FileManager.default.fileExists(atPath: socket + ".ctrl") }) else {
      throw HarnessError("swtpm did not start: \(try process.wait(timeout: .zero).stderr)")
    }
    return process
  }
}
