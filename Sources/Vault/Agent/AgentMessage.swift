import Bytes
import CVMCrypto

/// What a command and the agent say to each other on its socket, one question a connection. Little-endian.
///
/// | offset | size | field    | content                                                        |
/// |-------:|-----:|----------|----------------------------------------------------------------|
/// |   0x00 |    4 | MAGIC    | `CVMA`                                                         |
/// |   0x04 |    1 | VERSION  | must be 1                                                      |
/// |   0x05 |    1 | QUESTION | 1 the key, 2 the state, 3 an end                               |
/// |   0x06 |    2 | reserved | must be 0                                                      |
///
/// The answer repeats these 8 bytes. 16 bytes follow that name the vault (`SealedRootKey`), and 32: the root key, or the seconds
/// of the idle limit (4), those that are left of it (4) and zeros, or zeros.
enum AgentMessage: UInt8 {
  case key = 1
  case state = 2
  case end = 3

  static let questionSize = 8
  static let answerSize = 0x38
  static let vault = 0x08..<0x18
  static let payload = 0x18..<0x38

  var question: [UInt8] { Array("CVMA".utf8) + [1, rawValue, 0, 0] }

  init?(question: [UInt8]) {
    guard question.count == Self.questionSize, let message = AgentMessage(rawValue: question[5]),
      question == message.question
    else { return nil }
    self = message
  }

  /// The payload of an answer about the state.
  static func state(limit: Int, left: Int) -> SecretBytes {
    SecretBytes(
      copying: UInt32(clamping: limit).littleEndianBytes + UInt32(clamping: left).littleEndianBytes
        + [UInt8](repeating: 0, count: payload.count - 8))
  }
}
