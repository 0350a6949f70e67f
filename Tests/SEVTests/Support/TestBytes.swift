import Bytes
import CVMCrypto
import SEV

/// Bytes from hexadecimal text; blanks and line ends are skipped.
func hex(_ text: String) -> [UInt8] { Hex.decode(text.filter { !$0.isWhitespace }) ?? [] }

/// `count` bytes counting up from `first`, as the worked examples have them.
func counting(from first: UInt8, _ count: Int) -> [UInt8] {
  (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
}

func scalar(from first: UInt8) throws -> P384.PrivateKey {
  try P384.PrivateKey(scalar: SecretBytes(copying: counting(from: first, 48)))
}

extension SecretBytes {
  /// The bytes, laid open for an expectation.
  var revealed: [UInt8] { withBytes { unsafe Array($0) } }
}

/// The keys of the worked examples.
func exampleKeys() throws -> TransportKeys {
  try TransportKeys(
    tek: SecretBytes(copying: counting(from: 0x20, 16)), tik: SecretBytes(copying: counting(from: 0x30, 16)))
}
