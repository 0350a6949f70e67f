package import Foundation

/// A directory of one test under /tmp, removed with the value. Mode 0755: libvirt's QEMU runs as a user of its own and has to
/// reach what lies in it.
package final class ScratchDirectory: Sendable {
  package let path: String

  package init() throws {
    // Short: a socket inside must fit the 107 bytes of a unix socket's address.
    path = "/tmp/cvm-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` inside.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file that every user can read; returns its path.
  @discardableResult
  package func write(_ contents: Data, to name: String, mode: Int = 0o644) throws -> String {
    try contents.write(to: URL(fileURLWithPath: file(name)))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
    return file(name)
  }

  @discardableResult
  package func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
    try write(Data(text.utf8), to: name, mode: mode)
  }

  /// Copies a file in, readable by every user; returns the copy's path.
  @discardableResult
  package func copy(_ source: String, as name: String, mode: Int = 0o644) throws -> String {
    try write(try Data(contentsOf: URL(fileURLWithPath: source)), to: name, mode: mode)
  }

  package func makeDirectory(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: file(name), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    return file(name)
  }
}
