import Glibc

/// The two sockets of one client's conversation, and what moves between them.
final class MonitorConnection {
  private let client: Descriptor
  private let qemu: Descriptor
  private var session: MonitorSession
  /// QEMU closed; only its last words are left to deliver.
  private var qemuEnded = false

  /// More than this many bytes wait for a side: nothing more is read that would add to them.
  static let enough = 1 << 20
  /// So many commands may wait for their replies.
  static let enoughCommands = 1024

  init(client: Descriptor, qemu: Descriptor, session: MonitorSession) {
    self.client = client
    self.qemu = qemu
    self.session = session
  }

  var hasWordsForClient: Bool { !session.toClient.isEmpty || !qemuEnded }

  private var readsClient: Bool {
    !qemuEnded && session.toQEMU.count < Self.enough && session.toClient.count < Self.enough
      && session.waiting < Self.enoughCommands
  }

  private var readsQEMU: Bool { !qemuEnded && session.toClient.count < Self.enough }

  /// What poll(2) has to look for: the client, then QEMU.
  var interest: [Poll.Interest] {
    [
      Poll.Interest(client, read: readsClient, write: !session.toClient.isEmpty),
      Poll.Interest(qemu, read: readsQEMU, write: !qemuEnded && !session.toQEMU.isEmpty),
    ]
  }

  /// Does what the results of poll(2) allow. False when the conversation is over.
  func turn(client clientResult: Int16, qemu qemuResult: Int16) -> Bool {
    do {
      if qemuResult != 0, readsQEMU { try readQEMU() }
      if clientResult != 0 {
        if readsClient {
          guard try readClient() else { return false }
        } else if Poll.hungUp(clientResult) {
          return false
        }
      }
    } catch {
      return false
    }
    return flush()
  }

  private func readQEMU() throws(MonitorViolation) {
    switch Inbox.read(qemu) {
    case .bytes(let bytes, _): try session.receivedFromQEMU(bytes)
    case .nothing: break
    case .ended: qemuEnded = true
    }
  }

  private func readClient() throws(MonitorViolation) -> Bool {
    switch Inbox.read(client) {
    case .bytes(let bytes, let descriptors): try session.receivedFromClient(bytes, descriptors)
    case .nothing: break
    case .ended:
      // Its last command still reaches QEMU, as far as QEMU takes it now.
      _ = session.toQEMU.flush(to: qemu)
      return false
    }
    return true
  }

  private func flush() -> Bool {
    guard session.toClient.flush(to: client) else { return false }
    // QEMU's end is seen by reading, for what it still said comes first; nothing more reaches it.
    if !qemuEnded, !session.toQEMU.flush(to: qemu) { session.toQEMU = Outbox() }
    return !qemuEnded || !session.toClient.isEmpty
  }
}
