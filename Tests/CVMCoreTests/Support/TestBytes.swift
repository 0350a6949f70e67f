import Bytes
import Documents

/// Bytes from hexadecimal text; blanks and line ends are skipped.
func hex(_ text: String) -> [UInt8] { Hex.decode(text.filter { !$0.isWhitespace }) ?? [] }

/// `count` bytes counting up from `first`, as the worked examples have them.
func counting(from first: UInt8, _ count: Int) -> [UInt8] {
  (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
}

/// The image of the worked digests: zeros and one table of 92 bytes.
let exampleFirmware: [UInt8] = {
  let table = hex(
    """
    00d08000001000001a0061b32e4c9b7dc34c8081127c90d3d294000c8100000400001a001f3755723b3a044b927b1da6efa8d454
    04b080001600de71f7007e1acb4f890e68c77e2fb44e5c00de82b596b21ff745baeaa366c55a082d
    """)
  return [UInt8](repeating: 0, count: 0xFE0 - table.count) + table + [UInt8](repeating: 0, count: 32)
}()

func parsed(_ xml: String) throws -> XMLElement { try XMLElement.parse(Array(xml.utf8)) }
