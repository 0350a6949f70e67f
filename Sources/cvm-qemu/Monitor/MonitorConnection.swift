import Glibc

/// The two sockets of one client's conversation, and what moves between them.
///
/// When the client leaves, what it asked for is still awaited for a while: QEMU keeps the rest of an answer for whoever
/// connects next, who would take it for the answer to a question of its own.
final class MonitorConnection {
  /// Nil once it has left.
  private var client: Descriptor?
  private let qemu: Descriptor
  private var session: MonitorSession
  /// QEMU closed; only its last words are left to deliver.
  private var qemuEnded = false
  /// Until when QEMU's answers to a client that left are awaited.
  private(set) var deadline: Int?

  /// More than this many bytes wait for a side: nothing more is read that would add to them.
  static let enough = 1 << 20
  /// So many commands may wait for their replies.
  static let enoughCommands = 1024
  /// Milliseconds that QEMU gets to answer a client that left.
  static let patience = 5000

  init(client: Descriptor, qemu: Descriptor, session: MonitorSession) {
    self.client = client
    self.qemu = qemu
    self.session = session
  }

  /// Whether the client still has to hear something.
  var hasWordsForClient: Bool { client != nil && (!session.toClient.isEmpty || !qemuEnded) }

  private var readsClient: Bool {
    client != nil && !qemuEnded && session.toQEMU.count < Self.enough && session.toClient.count < Self.enough
      && session.waiting < Self.enoughCommands
  }

  private var readsQEMU: Bool { !qemuEnded && session.toClient.count < Self.enough }

  /// What poll(2) has to look for: QEMU, then the client while there is one.
  var interest: [Poll.Interest] {
    let toQEMU = Poll.Interest(qemu, read: readsQEMU, write: !qemuEnded && !session.toQEMU.isEmpty)
    guard let client else { return [toQEMU] }
    return [toQEMU, Poll.Interest(client, read: readsClient, write: !session.toClient.isEmpty)]
  }

  /// Does what the results of poll(2) allow. False when the conversation is over.
  func turn(_ results: [Int16]) -> Bool {
    do {
      if results[0] != 0, readsQEMU { try readQEMU() }
      if results.count > 1, results[1] != 0 { try heed(client: results[1]) }
    } catch {
      return false
    }
    flush()
    return goesOn
  }

  private var goesOn: Bool {
    guard let deadline else { return !qemuEnded || !session.toClient.isEmpty }
    return !qemuEnded && !session.isSettled && Clock.milliseconds() < deadline
  }

  private func readQEMU() throws(MonitorViolation) {
    switch Inbox.read(qemu) {
    case .bytes(let bytes, _): try session.receivedFromQEMU(bytes)
    case .nothing: break
    case .ended: qemuEnded = true
    }
  }

  private func heed(client result: Int16) throws(MonitorViolation) {
    guard let client else { return }
    guard readsClient else {
      if Poll.hungUp(result) { clientLeft() }
      return
    }
    switch Inbox.read(client) {
    case .bytes(let bytes, let descriptors): try session.receivedFromClient(bytes, descriptors)
    case .nothing: break
    case .ended: clientLeft()
    }
  }

  private func clientLeft() {
    client = nil
    deadline = Clock.milliseconds() + Self.patience
  }

  private func flush() {
    if let client, !session.toClient.flush(to: client) { clientLeft() }
    if client == nil { session.toClient = Outbox() }
    // QEMU's end is seen by reading, for what it still said comes first; nothing more reaches it.
    if !qemuEnded, !session.toQEMU.flush(to: qemu) { session.toQEMU = Outbox() }
  }
}
