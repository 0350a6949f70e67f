import Foundation
package import Glibc

/// A libvirtd of its own in new namespaces (`Tests/private-libvirtd`), with means to hurt it. Everything inside ends with the
/// value, and with the test process.
package final class PrivateLibvirtd: @unchecked Sendable {
  /// What is called `qemu-system-x86_64` and comes first in the daemon's PATH.
  package enum Emulator {
    case real
    /// `cvm-qemu` with its configuration.
    case wrapper
  }

  package let directory: ScratchDirectory
  /// Connects from outside of the namespaces.
  package var uri: String { "qemu:///system?socket=\(directory.path)/run/libvirt-sock" }
  /// The emulator for `<emulator>`.
  package let emulatorPath: String

  private let unshare: pid_t
  /// The supervisor ends everything when this closes, so also when the test process dies.
  private let lifeline: FileHandle
  private var first: pid_t = 0

  package init(_ emulator: Emulator = .wrapper) throws {
    guard geteuid() == 0 else { throw HarnessError("a private libvirtd takes root") }
    directory = try ScratchDirectory()
    emulatorPath = try Self.install(emulator, in: directory)
    let ends = try Self.pipeClosedOnExec()
    lifeline = ends.writing
    let log = directory.file("supervisor.log")
    guard FileManager.default.createFile(atPath: log, contents: nil),
      let sink = FileHandle(forWritingAtPath: log)
    else { throw HarnessError("cannot write \(log)") }
    unshare = try Spawning.spawn(
      path: "\(Repository.root)/Tests/private-libvirtd", arguments: [directory.path],
      environment: Tool.plainEnvironment,
      descriptors: [ends.reading.fileDescriptor, sink.fileDescriptor, sink.fileDescriptor])
    do {
      guard try holds(within: .seconds(10), { try findFirst() }) else {
        throw HarnessError("no namespace: \(text("supervisor.log"))")
      }
      try waitUntilReady()
    } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  /// The simulated AMD-SP's directory.
  package var platform: String { directory.file("platform") }

  package var virsh: Tool { Tool.virsh.with("-c", uri) }

  /// The text of a file of the instance: `libvirtd.log`, `log/qemu/GUEST.log`.
  package func text(_ name: String) -> String {
    let data = (try? Data(contentsOf: URL(fileURLWithPath: directory.file(name)))) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  // MARK: Processes

  /// Every process of the instance but its supervision and the daemon: emulators, proxies, probes.
  package func guestProcesses() -> [ProcessEntry] {
    ProcessEntry.inNamespace(of: first).filter { entry in
      entry.pid != first && entry.parent != unshare && entry.name != "libvirtd" && entry.name != "cat"
        && !entry.arguments.contains { $0.hasSuffix("Tests/private-libvirtd") }
    }
  }

  /// The daemon's pid; nil while it is dead.
  package var daemon: pid_t? {
    ProcessEntry.inNamespace(of: first)
      .first { $0.name == "libvirtd" && $0.parent == first && $0.state != "Z" }?.pid
  }

  // MARK: Faults

  /// kill -9, and waits until the process is gone: the next daemon takes the same pid file.
  package func killDaemon() {
    guard let daemon else { return }
    kill(daemon, SIGKILL)
    _ = holds(within: .seconds(5)) { ProcessEntry(pid: daemon) == nil }
  }

  package func startDaemon() throws {
    kill(first, SIGUSR1)
    try waitUntilReady()
  }

  /// SIGSTOP: connections are still accepted by the kernel, nothing answers.
  package func freezeDaemon() { if let daemon { kill(daemon, SIGSTOP) } }
  package func thawDaemon() { if let daemon { kill(daemon, SIGCONT) } }

  // MARK: Life

  private func waitUntilReady() throws {
    let ready = try holds(within: .seconds(20)) {
      guard FileManager.default.fileExists(atPath: directory.file("run/libvirt-sock")) else { return false }
      return try virsh.run("uri", timeout: .seconds(10)).status == 0
    }
    guard ready else { throw HarnessError("libvirtd does not answer: \(text("libvirtd.log"))") }
  }

  private func findFirst() throws -> Bool {
    guard ProcessEntry(pid: unshare).map({ $0.state != "Z" }) ?? false else {
      throw HarnessError("the supervisor ended: \(text("supervisor.log"))")
    }
    guard let child = ProcessEntry.all().first(where: { $0.parent == unshare }) else { return false }
    first = child.pid
    return true
  }

  private func stop() {
    // unshare runs with --kill-child: its death ends the namespace's first process and so everything inside.
    kill(unshare, SIGKILL)
    _ = waitpid(unshare, nil, 0)
    _ = holds(within: .seconds(5)) { first == 0 || ProcessEntry(pid: first) == nil }
  }

  private static func pipeClosedOnExec() throws -> (reading: FileHandle, writing: FileHandle) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw HarnessError("no pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (
      FileHandle(fileDescriptor: ends[0], closeOnDealloc: true),
      FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    )
  }

  private static func install(_ emulator: Emulator, in directory: ScratchDirectory) throws -> String {
    _ = try directory.makeDirectory("bin")
    switch emulator {
    case .real: return "/usr/bin/qemu-system-x86_64"
    case .wrapper:
      try installPlatform(in: directory)
      return try directory.copy(Repository.cvmQEMU, as: "bin/qemu-system-x86_64", mode: 0o755)
    }
  }

  /// The simulated AMD-SP's directory belongs to QEMU's user: the wrapper runs as that.
  private static func installPlatform(in directory: ScratchDirectory) throws {
    let platform = try directory.makeDirectory("platform")
    guard let user = unsafe getpwnam("libvirt-qemu") else { throw HarnessError("no user libvirt-qemu") }
    guard unsafe chown(platform, user.pointee.pw_uid, user.pointee.pw_gid) == 0,
      unsafe chmod(platform, 0o700) == 0
    else { throw HarnessError("cannot give \(platform) to libvirt-qemu: errno \(errno)") }
    try directory.write(
      "emulator = /usr/bin/qemu-system-x86_64\nplatform = \(platform)\n", to: "bin/cvm-qemu.conf")
  }
}
