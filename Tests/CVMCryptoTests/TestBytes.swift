import Bytes
import CVMCrypto

/// Bytes from hexadecimal text; blanks and line ends are skipped.
func hex(_ text: String) -> [UInt8] { Hex.decode(text.filter { !$0.isWhitespace }) ?? [] }

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: hex(text)) }

extension SecretBytes {
  /// The bytes, laid open for an expectation.
  var revealed: [UInt8] { withBytes { unsafe Array($0) } }
}
