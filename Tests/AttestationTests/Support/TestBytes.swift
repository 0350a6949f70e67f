import Bytes
import CVMCrypto

/// Bytes from hexadecimal text; blanks and line ends are skipped.
func hex(_ text: String) -> [UInt8] { Hex.decode(text.filter { !$0.isWhitespace }) ?? [] }

/// `count` bytes counting up from `first`, as the worked examples have them.
func counting(from first: UInt8, _ count: Int) -> [UInt8] {
  (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
}
