import CLinux
import CVMCore
import CVMCrypto
import Glibc
import Vault

/// The agent as a process of its own: in its own session, with nothing of the caller's terminal or pipes. Descriptor 3 hands it
/// the root key; it says on 4 when it listens.
enum AgentProcess {
  private static let keyDescriptor: Int32 = 3
  private static let readyDescriptor: Int32 = 4
  /// How long it may take to listen, in milliseconds.
  private static let patience: Int32 = 10_000

  /// Starts it; returns when it listens.
  static func start(holding key: SecretBytes, stateDirectory: String, idle: Int) throws(CoreError) {
    let (keyReader, keyWriter) = try pipe()
    let (readyReader, readyWriter) = try pipe()
    defer { close(readyReader) }
    let child = spawn(
      ["cvmctl", "--state-dir", stateDirectory, "vault", "agent", "--handed", "--idle", "\(idle)s"],
      [keyReader, readyWriter])
    let problem = errno
    close(keyReader)
    close(readyWriter)
    let sent = child > 0 ? key.withBytes { unsafe write(keyWriter, $0.baseAddress, $0.count) } : 0
    close(keyWriter)
    guard child > 0 else { throw .vault(.agent(errno: problem)) }
    guard sent == key.count, isReady(readyReader) else { throw .vault(.agent(errno: EPIPE)) }
  }

  /// The agent that was handed a key.
  static func taken(_ global: GlobalOptions, idle: Int) throws -> VaultAgent {
    signal(SIGHUP, SIG_IGN)
    let key = try InputFile.readSecret("/dev/fd/\(keyDescriptor)", limit: 64)
    close(keyDescriptor)
    guard key.count == AES256GCM.keySize else {
      throw UsageError("--handed: no root key on descriptor 3", hint: "cvmctl vault unlock")
    }
    let agent = try global.core().vaultAgent(holding: key, idle: idle)
    unsafe chdir("/")
    return agent
  }

  static func reportReady() {
    var byte: UInt8 = 1
    unsafe write(readyDescriptor, &byte, 1)
    close(readyDescriptor)
  }

  private static func spawn(_ arguments: [String], _ descriptors: [Int32]) -> pid_t {
    var words = unsafe arguments.map { unsafe strdup($0) }
    unsafe words.append(nil)
    defer { unsafe words.forEach { unsafe free($0) } }
    return unsafe words.withUnsafeMutableBufferPointer { argv in
      guard let start = argv.baseAddress else { return -1 }
      return unsafe cvm_spawn("/proc/self/exe", start, environ, descriptors, Int32(descriptors.count), -1, 1)
    }
  }

  private static func isReady(_ reader: Int32) -> Bool {
    var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    var byte: UInt8 = 0
    return unsafe poll(&entry, 1, patience) > 0 && read(reader, &byte, 1) == 1
  }

  private static func pipe() throws(CoreError) -> (reader: Int32, writer: Int32) {
    var (reader, writer): (Int32, Int32) = (-1, -1)
    guard unsafe cvm_pipe(&reader, &writer) == 0 else { throw .vault(.agent(errno: errno)) }
    return (reader, writer)
  }
}
