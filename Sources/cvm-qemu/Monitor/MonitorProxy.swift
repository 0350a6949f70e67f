import Glibc

/// Stands between libvirt and QEMU's monitor. One client at a time; each gets its own connection to QEMU, so each gets
/// QEMU's greeting and negotiation: a libvirtd that was killed and started again just connects anew.
///
/// Never waits for one side while the other could go on: all sockets are nonblocking, and a side that takes nothing only
/// stops the reading of what would have to be sent to it.
final class MonitorProxy {
  private let listener: Descriptor
  private let qemuAddress: Descriptor
  private let life: Descriptor
  private let platform: any PlatformAnswers
  private let guest: (any GuestAnswers)?
  private var connection: MonitorConnection?

  /// `life` is the read end of a pipe whose write end QEMU holds: its end is QEMU's end.
  init(
    listener: Descriptor, qemuAddress: Descriptor, life: Descriptor, platform: any PlatformAnswers,
    guest: (any GuestAnswers)?
  ) {
    self.listener = listener
    self.qemuAddress = qemuAddress
    self.life = life
    self.platform = platform
    self.guest = guest
  }

  /// How long a client may take to read QEMU's last words, in milliseconds.
  private static let farewell = 2000

  /// Serves until QEMU is gone.
  func run() {
    while !wait() {}
    let deadline = Clock.milliseconds() + Self.farewell
    while let connection, connection.hasWordsForClient {
      let left = deadline - Clock.milliseconds()
      guard left > 0 else { return }
      serve(connection, Poll.wait(connection.interest, timeout: left))
    }
  }

  /// One turn: waits for something to happen and does all of it. True once QEMU is gone.
  private func wait() -> Bool {
    let lifeInterest = Poll.Interest(life, events: Int16(POLLIN))
    guard let connection else {
      let results = Poll.wait([lifeInterest, Poll.Interest(listener, events: Int16(POLLIN))], timeout: -1)
      if results[1] != 0 { accept() }
      return results[0] != 0
    }
    let timeout = connection.deadline.map { max(0, $0 - Clock.milliseconds()) } ?? -1
    let results = Poll.wait([lifeInterest] + connection.interest, timeout: timeout)
    serve(connection, Array(results.dropFirst()))
    return results[0] != 0
  }

  private func accept() {
    guard let client = try? UnixSocket.accept(listener) else { return }
    // A refused connection is a QEMU that just ended: the client sees the end of its own.
    guard let qemu = try? UnixSocket.connect(to: qemuAddress) else { return }
    connection = MonitorConnection(
      client: client, qemu: qemu, session: MonitorSession(platform: platform, guest: guest))
  }

  private func serve(_ connection: MonitorConnection, _ results: [Int16]) {
    if !connection.turn(results) { self.connection = nil }
  }
}
