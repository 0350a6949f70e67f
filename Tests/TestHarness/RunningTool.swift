import CLinux
package import Foundation
import Glibc

/// A started program. Its output goes to memory files, so it never waits for a reader; it leads a process group of its own.
package final class RunningTool: @unchecked Sendable {
  package let pid: pid_t
  private let started = ContinuousClock.now
  private let output: FileHandle
  private let errors: FileHandle
  private var ended: Outcome?

  package init(
    path: String, arguments: [String], environment: [String: String], stdin: Data? = nil
  ) throws {
    let input = try Self.temporaryFile()
    output = try Self.temporaryFile()
    errors = try Self.temporaryFile()
    if let stdin {
      try input.write(contentsOf: stdin)
      try input.seek(toOffset: 0)
    }
    pid = try Spawning.spawn(
      path: path, arguments: arguments, environment: environment,
      descriptors: [input.fileDescriptor, output.fileDescriptor, errors.fileDescriptor])
    try input.close()
  }

  deinit { if ended == nil { _ = try? wait(timeout: .zero) } }

  /// Sends a signal to the program alone.
  package func signal(_ number: Int32) { kill(pid, number) }

  /// The program has ended, or ends within `limit`.
  package func ends(within limit: Duration) -> Bool {
    holds(within: limit) { reap(flags: WNOHANG) }
  }

  /// Waits for the end; kills the whole process group when `timeout` is over.
  package func wait(timeout: Duration) throws -> Outcome {
    let inTime = ends(within: timeout)
    if !inTime {
      kill(-pid, SIGKILL)
      _ = reap(flags: 0)
    }
    guard var outcome = ended else { throw HarnessError("cannot wait for process \(pid): errno \(errno)") }
    outcome.timedOut = !inTime
    outcome.stdout = try Self.text(of: output)
    outcome.stderr = try Self.text(of: errors)
    return outcome
  }

  private func reap(flags: Int32) -> Bool {
    if ended != nil { return true }
    var status: Int32 = 0
    var usage = rusage()
    guard unsafe wait4(pid, &status, flags, &usage) == pid else { return false }
    let signal = status & 0x7F
    ended = Outcome(
      status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, timedOut: false, stdout: "", stderr: "",
      cpuTime: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime),
      wallTime: (ContinuousClock.now - started) / .seconds(1))
    return true
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  private static func text(of file: FileHandle) throws -> String {
    try file.seek(toOffset: 0)
    return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
  }

  /// Closed on exec: only the program that it was made for gets it.
  private static func temporaryFile() throws -> FileHandle {
    let descriptor = unsafe cvm_memfd("output", 0)
    guard descriptor >= 0 else { throw HarnessError("no memory file: errno \(errno)") }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}
