import CLinux
package import CVMCrypto
import Glibc
package import StateStore

/// Holds a root key in memory and gives it to this user's commands, until it was idle too long, the machine was suspended, or
/// it is told to end.
package final class Agent {
  static let socketName = "agent.sock"
  /// How often it looks at its clocks, in milliseconds.
  private static let tick: Int32 = 1000
  private static let patience: Int64 = 1000

  private let directory: PrivateDirectory
  private let vaultID: [UInt8]
  private var key: SecretBytes?
  private let listener: Int32
  private let inode: UInt64?
  private let idleLimit: Int64
  private var lastUse = AgentClock.now()
  private let suspended = AgentClock.suspended()

  /// Takes the socket of the vault, from another agent too: that one then ends by itself.
  /// - Parameter idle: seconds without a question for the key.
  package init(
    holding key: SecretBytes, of sealed: SealedRootKey, in directory: PrivateDirectory, idle: Int
  ) throws(VaultError) {
    let draft = "\(Self.socketName).\(getpid())"
    directory.remove(draft)
    let path = directory.socketPath(of: draft)
    let listener = unsafe cvm_unix_listen(path)
    guard listener >= 0 else { throw .agent(errno: errno) }
    do {
      unsafe chmod(path, 0o600)
      let flags = fcntl(listener, F_GETFL)
      _ = fcntl(listener, F_SETFL, flags | O_NONBLOCK)
      inode = directory.inode(of: draft)
      try directory.rename(draft, to: Self.socketName)
    } catch {
      close(listener)
      directory.remove(draft)
      throw .store(error)
    }
    self.listener = listener
    self.directory = directory
    self.key = key
    vaultID = sealed.vaultID
    idleLimit = Int64(idle) * 1000
  }

  deinit {
    close(listener)
    if isReachable { directory.remove(Self.socketName) }
  }

  /// Answers until there is a reason to end; the key is wiped then. `goesOn` is asked every second and after every signal.
  package func serve(while goesOn: () -> Bool) {
    while goesOn(), mayHold {
      var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&entry, 1, Self.tick) > 0 else { continue }
      let number = cvm_unix_accept(listener)
      if number >= 0 { answer(AgentSocket(owning: number)) }
    }
    key = nil
  }

  /// Not after a suspension, not after too long, not when another agent has taken its place.
  private var mayHold: Bool {
    key != nil && AgentClock.suspended() - suspended < 1000 && idleLeft > 0 && isReachable
  }

  private var idleLeft: Int64 { idleLimit - (AgentClock.now() - lastUse) }

  private var isReachable: Bool { inode != nil && directory.inode(of: Self.socketName) == inode }

  private func answer(_ socket: consuming AgentSocket) {
    guard socket.isTrusted, mayHold,
      let bytes = socket.receive(AgentMessage.questionSize, within: Self.patience),
      let question = AgentMessage(question: bytes.withBytes({ unsafe Array($0) })), mayHold, let held = key
    else { return }
    let payload: SecretBytes
    switch question {
    case .key:
      payload = held
      lastUse = AgentClock.now()
    case .state: payload = AgentMessage.state(limit: Int(idleLimit / 1000), left: Int(idleLeft / 1000))
    case .end:
      payload = SecretBytes(count: AgentMessage.payload.count)
      key = nil
    }
    let head = SecretBytes(copying: question.question + vaultID)
    _ = socket.send(SecretBytes.joined([head, payload]), within: Self.patience)
  }
}
