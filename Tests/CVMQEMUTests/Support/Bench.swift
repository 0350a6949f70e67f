import Glibc
import SecureProcessor

@testable import cvm_qemu

/// A directory with the built `cvm-qemu`, its configuration and a simulated AMD-SP, for one test.
final class Bench {
  let directory: String
  /// In the proxy's arguments, so that one test's processes are told from another's.
  let guest: String
  private var started: [pid_t] = []

  static let emulator = "/usr/bin/qemu-system-x86_64"

  init(platform: Bool = true, configuration: String? = nil, es: Bool = true) throws {
    var template = Array("/tmp/cvm-qemu.XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guest = "g\(UInt32.random(in: 0 ... .max))"
    _ = unsafe symlink(Self.builtProgram, "\(directory)/cvm-qemu")
    let text = configuration ?? "emulator = \(Self.emulator)\nplatform = \(directory)/sp\n"
    if !text.isEmpty { try write(Array(text.utf8), "cvm-qemu.conf") }
    if platform {
      try (es ? PlatformTemplate.withES : PlatformTemplate.withoutES).copy(to: "\(directory)/sp")
    }
  }

  deinit {
    for process in started { kill(process, SIGKILL) }
    for process in started { ChildProcess.wait(for: process) }
    _ = Waiting.until { self.proxies.isEmpty }
    Self.remove(directory)
  }

  var program: String { "\(directory)/cvm-qemu" }
  var socket: String { "\(directory)/monitor" }
  var platform: PlatformDirectory { get throws { try PlatformDirectory(path: "\(directory)/sp") } }

  /// Guests that the AMD-SP counts, after what ended processes left was cleared away.
  var guests: Int { get throws { try platform.begin().processor.guests.count } }

  func write(_ bytes: [UInt8], _ name: String) throws {
    let number = unsafe open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard number >= 0 else { throw SystemError("open") }
    try ByteChannel.writeAll(bytes, to: Descriptor(owning: number))
  }

  func text(_ name: String) -> String {
    let bytes = try? ByteChannel.readFile("\(directory)/\(name)", limit: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }

  /// Starts the program; its output and errors go to the file `log`.
  func start(_ arguments: [String]) throws -> pid_t {
    let number = unsafe open("\(directory)/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let log = Descriptor(owning: number)
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for target in [Int32(1), 2] { unsafe posix_spawn_file_actions_adddup2(&actions, log.number, target) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // A test runs on a thread with all signals blocked.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var process: pid_t = -1
    let failed = unsafe ArgumentVector(texts: [program] + arguments).withPointers { argv in
      unsafe posix_spawn(&process, program, &actions, &attributes, argv, environ)
    }
    guard failed == 0 else { throw SystemError("posix_spawn", code: failed) }
    started.append(process)
    return process
  }

  /// Runs the program to its end: its exit status, -1 for a signal.
  func run(_ arguments: [String]) throws -> Int32 {
    let process = try start(arguments)
    started.removeLast()
    return Self.status(process)
  }

  /// The exit status of a process that `start` gave.
  func end(of process: pid_t) -> Int32 {
    started.removeAll { $0 == process }
    return Self.status(process)
  }

  /// The proxies of this bench's guests.
  var proxies: [pid_t] {
    Processes.running { $0 == ["cvm-qemu", "--proxy", "(simulated AMD-SP)", self.guest] }
  }

  private static func status(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 { if errno != EINTR { return -1 } }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
  }

  /// Beside the test program.
  private static var builtProgram: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = max(0, unsafe readlink("/proc/self/exe", &buffer, buffer.count))
    let path = String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return UnixSocket.directory(of: path) + "/cvm-qemu"
  }

  private static func remove(_ path: String) {
    if let stream = unsafe opendir(path) {
      while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
        let text = String(decoding: name, as: UTF8.self)
        if text != ".", text != "..", unsafe unlink("\(path)/\(text)") != 0 { remove("\(path)/\(text)") }
      }
      unsafe closedir(stream)
    }
    _ = unsafe rmdir(path)
  }
}
