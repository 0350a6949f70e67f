/// One client's conversation with QEMU: bytes and descriptors in, bytes and descriptors out, no system call. Commands that
/// are QEMU's and everything that QEMU says pass byte for byte; replies stay in the order of the commands.
struct MonitorSession {
  private(set) var interception: Interception
  private var client = MessageSplitter(throughLineEnd: false)
  private var qemu = MessageSplitter(throughLineEnd: true)
  private var replies = ReplyQueue()
  /// Descriptors that came with the message that is not complete yet.
  private var carried: [Descriptor] = []
  /// QEMU answers nothing before `qmp_capabilities`; neither do we.
  private var negotiating = false

  var toClient = Outbox()
  var toQEMU = Outbox()

  init(platform: any PlatformAnswers, guest: (any GuestAnswers)?) {
    interception = Interception(platform: platform, guest: guest)
  }

  /// Replies that the client still waits for.
  var waiting: Int { replies.count }

  /// QEMU has answered everything that it was asked, to the last byte.
  var isSettled: Bool { replies.count == 0 && toQEMU.isEmpty && !qemu.isInsideMessage }

  mutating func receivedFromClient(_ bytes: [UInt8], _ descriptors: [Descriptor]) throws(MonitorViolation) {
    let pieces = try client.split(bytes)
    // Descriptors belong to the message that the last byte of their read is part of (unix(7): a read ends with them).
    let owner = client.isInsideMessage ? nil : pieces.lastIndex { $0.isMessage }
    for (index, piece) in pieces.enumerated() {
      var own: [Descriptor] = []
      if piece.isMessage { (own, carried) = (carried, []) }
      if index == owner { own += descriptors }
      take(piece, own)
    }
    if owner == nil { carried += descriptors }
    guard carried.count <= Inbox.mostDescriptors else {
      throw .tooManyDescriptors(limit: Inbox.mostDescriptors)
    }
  }

  mutating func receivedFromQEMU(_ bytes: [UInt8]) throws(MonitorViolation) {
    for piece in try qemu.split(bytes) {
      guard case .message(let message) = piece else {
        toClient.append(piece.bytes)
        continue
      }
      switch QEMUMessage(message) {
      case .greeting:
        interception.version = QEMUVersion(greeting: message)
        toClient.append(message)
      case .reply: forward(reply: message)
      case .event, .unknown: toClient.append(message)
      }
    }
  }

  private mutating func take(_ piece: MessageSplitter.Piece, _ descriptors: [Descriptor]) {
    switch piece {
    case .blank(let bytes): toQEMU.append(bytes)
    case .stray: answer(MonitorReply.failure(.notJSON, id: nil))
    case .message(let bytes):
      guard let command = MonitorCommand(bytes) else {
        return answer(MonitorReply.failure(.notJSON, id: nil))
      }
      take(command, bytes, descriptors)
    }
  }

  private mutating func take(_ command: MonitorCommand, _ bytes: [UInt8], _ descriptors: [Descriptor]) {
    if command.name == "qmp_capabilities" { negotiating = true }
    switch negotiating ? interception.verdict(command) : .pass(.none) {
    case .pass(let edit):
      replies.expectReply(edit)
      toQEMU.append(bytes, descriptors)
    case .passInstead(let other):
      replies.expectReply()
      toQEMU.append(other, descriptors)
    case .answer(let reply): answer(reply)
    }
  }

  private mutating func answer(_ reply: [UInt8]) {
    for ready in replies.answered(reply) { toClient.append(ready) }
  }

  private mutating func forward(reply: [UInt8]) {
    toClient.append(replies.received() == .blockMigration ? BlockedMigration.told(in: reply) : reply)
    for ready in replies.takeOwn() { toClient.append(ready) }
  }
}

extension MessageSplitter.Piece {
  fileprivate var isMessage: Bool { if case .message = self { true } else { false } }
}
