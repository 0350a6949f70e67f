/// Cuts the byte stream of a QMP monitor into its JSON values. Nothing of it is believed: cutting needs no valid JSON,
/// reads every byte once and keeps at most `limit` bytes of an unfinished message.
///
/// QMP is a stream of values, not of lines: a client may spread a command over lines or put two on one. QEMU acts on a
/// command at its closing bracket and ends each of its own messages with a line end.
struct MessageSplitter {
  enum Piece: Equatable {
    /// From the opening bracket to its closing one, with the line end where `throughLineEnd`.
    case message([UInt8])
    /// Blanks and line ends between messages.
    case blank([UInt8])
    /// Anything else outside of brackets.
    case stray([UInt8])

    var bytes: [UInt8] {
      switch self {
      case .message(let bytes), .blank(let bytes), .stray(let bytes): bytes
      }
    }
  }

  /// The most that an unfinished message may take, in bytes.
  static let limit = 64 << 20

  private enum State: Equatable {
    case blank
    case stray
    case inside(depth: Int)
    case quoted(by: UInt8, depth: Int)
    case escaped(by: UInt8, depth: Int)
    /// Behind the closing bracket, before the line end.
    case ended
  }

  private let throughLineEnd: Bool
  private let limit: Int
  private var state = State.blank
  private var pending: [UInt8] = []

  init(throughLineEnd: Bool, limit: Int = Self.limit) {
    self.throughLineEnd = throughLineEnd
    self.limit = limit
  }

  /// True while a message has begun and not ended.
  var isInsideMessage: Bool { state != .blank && state != .stray }

  /// The pieces that `bytes` completes, in order. Blanks and strays never wait.
  mutating func split(_ bytes: [UInt8]) throws(MonitorViolation) -> [Piece] {
    var pieces: [Piece] = []
    var start = 0
    for index in bytes.indices {
      let next = Self.step(state, bytes[index])
      if next.cutsBefore {
        cut(bytes[start..<index], as: state, into: &pieces)
        start = index
      }
      state = next.state
      if next.cutsAfter(throughLineEnd) {
        cut(bytes[start...index], as: state, into: &pieces)
        start = index + 1
        state = .blank
      }
    }
    guard bytes.count - start <= limit - pending.count else { throw .messageTooLong(limit: limit) }
    if isInsideMessage { pending += bytes[start...] } else { cut(bytes[start...], as: state, into: &pieces) }
    return pieces
  }

  private mutating func cut(_ bytes: ArraySlice<UInt8>, as state: State, into pieces: inout [Piece]) {
    let whole = pending + bytes
    pending = []
    guard !whole.isEmpty else { return }
    switch state {
    case .blank: pieces.append(.blank(whole))
    case .stray: pieces.append(.stray(whole))
    default: pieces.append(.message(whole))
    }
  }

  private struct Step {
    let state: State
    /// The byte begins another piece.
    var cutsBefore = false
    /// The byte closes the outermost bracket.
    var closes = false
    /// The byte is the line end behind a message.
    var endsLine = false

    func cutsAfter(_ throughLineEnd: Bool) -> Bool { endsLine || (closes && !throughLineEnd) }
  }

  private static func step(_ state: State, _ byte: UInt8) -> Step {
    switch state {
    case .inside(let depth): inside(depth, byte)
    case .quoted(let quote, let depth):
      if byte == UInt8(ascii: "\\") {
        Step(state: .escaped(by: quote, depth: depth))
      } else {
        Step(state: byte == quote ? .inside(depth: depth) : state)
      }
    case .escaped(let quote, let depth): Step(state: .quoted(by: quote, depth: depth))
    case .blank, .stray: outside(state, byte)
    case .ended: ended(byte)
    }
  }

  private static func inside(_ depth: Int, _ byte: UInt8) -> Step {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["): Step(state: .inside(depth: depth + 1))
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      depth > 1 ? Step(state: .inside(depth: depth - 1)) : Step(state: .ended, closes: true)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): Step(state: .quoted(by: byte, depth: depth))
    default: Step(state: .inside(depth: depth))
    }
  }

  private static func outside(_ state: State, _ byte: UInt8) -> Step {
    if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      return Step(state: .inside(depth: 1), cutsBefore: true)
    }
    let next: State = isBlank(byte) ? .blank : .stray
    return Step(state: next, cutsBefore: next != state)
  }

  private static func ended(_ byte: UInt8) -> Step {
    if byte == UInt8(ascii: "\n") { return Step(state: .ended, endsLine: true) }
    if isBlank(byte) { return Step(state: .ended) }
    let next = outside(.blank, byte).state
    return Step(state: next, cutsBefore: true)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
