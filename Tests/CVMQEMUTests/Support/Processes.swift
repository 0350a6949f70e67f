import Glibc

@testable import cvm_qemu

/// The kernel's process table.
enum Processes {
  static func running(_ isWanted: ([String]) -> Bool) -> [pid_t] {
    guard let stream = unsafe opendir("/proc") else { return [] }
    defer { unsafe closedir(stream) }
    var found: [pid_t] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
      guard let process = pid_t(String(decoding: name, as: UTF8.self)) else { continue }
      if isWanted(arguments(of: process)) { found.append(process) }
    }
    return found
  }

  static func arguments(of process: pid_t) -> [String] {
    let bytes = (try? ByteChannel.readFile("/proc/\(process)/cmdline", limit: 1 << 20)) ?? []
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }
}

enum Waiting {
  /// Looks again until the condition holds; false after 20 seconds.
  static func until(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Clock.milliseconds() + 20_000
    while Clock.milliseconds() < deadline {
      if try condition() { return true }
      usleep(5000)
    }
    return false
  }
}
