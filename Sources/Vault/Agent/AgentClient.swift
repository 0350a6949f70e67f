import Bytes
import CLinux
package import CVMCrypto
package import StateStore

/// What commands ask the agent. A socket that nobody answers at counts as no agent.
package struct AgentClient: Sendable {
  private static let patience: Int64 = 1000
  private let directory: PrivateDirectory

  package struct State: Equatable, Sendable {
    package let pid: Int32
    /// Names the vault whose key it holds.
    package let vaultID: [UInt8]
    package let idleLimit: Int
    package let idleLeft: Int
  }

  package init(_ directory: PrivateDirectory) { self.directory = directory }

  /// The root key of the vault of that name.
  package func key(of vaultID: [UInt8]) -> SecretBytes? {
    guard let (answer, _) = ask(.key), answer.slice(AgentMessage.vault) == SecretBytes(copying: vaultID)
    else {
      return nil
    }
    return answer.slice(AgentMessage.payload)
  }

  package func state() -> State? {
    guard let (answer, pid) = ask(.state) else { return nil }
    let bytes = answer.withBytes { unsafe Array($0) }
    var cursor = ByteCursor(Array(bytes[AgentMessage.payload]), format: "agent state")
    guard let limit: UInt32 = try? cursor.littleEndian(), let left: UInt32 = try? cursor.littleEndian() else {
      return nil
    }
    return State(
      pid: pid, vaultID: Array(bytes[AgentMessage.vault]), idleLimit: Int(limit), idleLeft: Int(left))
  }

  /// Lets the agent forget and end; false without one. It has forgotten when it answers.
  package func end() -> Bool { ask(.end) != nil }

  private func ask(_ message: AgentMessage) -> (answer: SecretBytes, pid: Int32)? {
    guard directory.inode(of: Agent.socketName) != nil else { return nil }
    let number = unsafe cvm_unix_connect(directory.socketPath(of: Agent.socketName))
    guard number >= 0 else { return nil }
    let socket = AgentSocket(owning: number)
    guard socket.isTrusted, let peer = socket.peer,
      socket.send(SecretBytes(copying: message.question), within: Self.patience),
      let answer = socket.receive(AgentMessage.answerSize, within: Self.patience),
      answer.slice(0..<AgentMessage.questionSize) == SecretBytes(copying: message.question)
    else { return nil }
    return (answer, peer.pid)
  }
}
