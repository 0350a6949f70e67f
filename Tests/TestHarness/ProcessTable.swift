import Foundation
package import Glibc

/// A process as /proc shows it.
package struct ProcessEntry: Sendable, CustomStringConvertible {
  package let pid: pid_t
  package let parent: pid_t
  /// `R`, `S`, `T`, `Z`, …
  package let state: String
  package let name: String
  package let arguments: [String]

  package var description: String {
    "\(pid) \(state) \(name): \(arguments.joined(separator: " ").prefix(200))"
  }

  /// Nil where the process is gone.
  package init?(pid: pid_t) {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")")
    else { return nil }
    let fields = stat[stat.index(after: close)...].split(separator: " ")
    guard fields.count > 2, let parent = pid_t(fields[1]) else { return nil }
    self.pid = pid
    self.parent = parent
    state = String(fields[0])
    name = String(stat[stat.index(after: open)..<close])
    let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))) ?? Data()
    arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Every process of this machine.
  package static func all() -> [ProcessEntry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.compactMap { ProcessEntry(pid: $0) }
  }

  /// Every process in the pid namespace of `pid`.
  package static func inNamespace(of pid: pid_t) -> [ProcessEntry] {
    guard let wanted = namespace(pid) else { return [] }
    return all().filter { namespace($0.pid) == wanted }
  }

  private static func namespace(_ pid: pid_t) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
  }
}
