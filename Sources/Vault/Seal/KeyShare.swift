import Bytes
package import CVMCrypto

/// One share of a vault's wrapping key as a line that can be printed and typed again:
///
///     cvmshare-1-SET-THRESHOLD-SHARE-CHECK
///
/// | part      | content                                                                       |
/// |-----------|-------------------------------------------------------------------------------|
/// | SET       | 16 hexadecimal digits: which shares belong together                           |
/// | THRESHOLD | how many are needed, decimal                                                  |
/// | SHARE     | 66 hexadecimal digits: y of 32 bytes, then x, as HashiCorp Vault lays it out  |
/// | CHECK     | 8 hexadecimal digits: SHA-256 of all before the last hyphen, its first 4 bytes |
package struct KeyShare: Sendable {
  let set: [UInt8]
  let threshold: Int
  let share: SecretBytes
  /// The file that it was in, for messages.
  let source: String

  private static let shareSize = AES256GCM.keySize + 1
  private static let lengths = 105...107

  init(set: [UInt8], threshold: Int, share: SecretBytes, source: String = "") {
    self.source = source
    self.set = set
    self.threshold = threshold
    self.share = share
  }

  /// The share on a line; spaces and a line end around it do not count. Throws `.malformedShare` for anything else.
  package init(parsing line: SecretBytes, from source: String) throws(VaultError) {
    let text = Self.trimmed(line)
    let parts = Self.parts(of: text)
    guard parts.count == 6, Self.equal(text, parts[0], "cvmshare"), Self.equal(text, parts[1], "1"),
      let set = Self.bytes(text, parts[2], ShamirSeal.setSize),
      let threshold = Self.number(text, parts[3]), Shamir.counts.contains(threshold),
      let share = Self.bytes(text, parts[4], Self.shareSize), let check = Self.bytes(text, parts[5], 4),
      let body = text.slice(0..<(parts[5].lowerBound - 1)), try Self.check(of: body) == check
    else { throw .malformedShare(file: source) }
    self.init(
      set: set.withBytes { unsafe Array($0) }, threshold: threshold, share: share, source: source)
  }

  /// Whether it is of the set that a vault is sealed by.
  package func belongs(to stored: RootKey.Stored?) -> Bool {
    guard case .sealed(let sealed)? = stored, case .shamir(let seal) = sealed.seal else { return false }
    return seal.set == set
  }

  /// The line, with its line end.
  package func line() throws(VaultError) -> SecretBytes {
    let head = SecretBytes(copying: Array("cvmshare-1-\(Hex.encode(set))-\(threshold)-".utf8))
    let body = SecretBytes.joined([head, Self.hex(share)])
    let hyphen = SecretBytes(copying: [UInt8(ascii: "-")])
    let end = SecretBytes(copying: [UInt8(ascii: "\n")])
    return SecretBytes.joined([body, hyphen, Self.hex(try Self.check(of: body)), end])
  }

  private static func check(of body: SecretBytes) throws(VaultError) -> SecretBytes {
    do {
      let stream = try SHA256.Stream()
      body.withBytes { stream.update($0) }
      return SecretBytes(copying: Array(try stream.finalize().prefix(4)))
    } catch {
      throw .crypto(error)
    }
  }
}

// MARK: Text in locked memory

extension KeyShare {
  private static func trimmed(_ line: SecretBytes) -> SecretBytes {
    let range = line.withBytes { bytes in
      let isSpace = { (byte: UInt8) in byte <= 0x20 }
      let start = unsafe bytes.firstIndex { !isSpace($0) } ?? bytes.count
      let end = unsafe bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
      return start..<end
    }
    return line.slice(range) ?? line
  }

  /// The ranges between hyphens; none for a text of an impossible length.
  private static func parts(of text: SecretBytes) -> [Range<Int>] {
    guard lengths.contains(text.count) else { return [] }
    var ranges: [Range<Int>] = []
    var start = 0
    text.withBytes { bytes in
      for place in 0..<bytes.count where unsafe bytes[place] == UInt8(ascii: "-") {
        ranges.append(start..<place)
        start = place + 1
      }
    }
    return ranges + [start..<text.count]
  }

  private static func equal(_ text: SecretBytes, _ range: Range<Int>, _ word: String) -> Bool {
    text.slice(range) == SecretBytes(copying: Array(word.utf8))
  }

  private static func number(_ text: SecretBytes, _ range: Range<Int>) -> Int? {
    text.slice(range)?.withBytes { unsafe Int(String(decoding: $0, as: UTF8.self)) }
  }

  private static func bytes(_ text: SecretBytes, _ range: Range<Int>, _ count: Int) -> SecretBytes? {
    guard range.count == 2 * count else { return nil }
    var isHex = true
    let bytes = SecretBytes.filled(count) { target in
      text.withBytes { source in
        for place in 0..<count {
          let high = unsafe digit(source[range.lowerBound + 2 * place])
          let low = unsafe digit(source[range.lowerBound + 2 * place + 1])
          guard let high, let low else {
            isHex = false
            return
          }
          unsafe target[place] = high << 4 | low
        }
      }
    }
    return isHex ? bytes : nil
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func hex(_ bytes: SecretBytes) -> SecretBytes {
    SecretBytes.filled(2 * bytes.count) { target in
      bytes.withBytes { source in
        for place in 0..<source.count {
          unsafe target[2 * place] = letter(source[place] >> 4)
          unsafe target[2 * place + 1] = letter(source[place] & 15)
        }
      }
    }
  }

  private static func letter(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}
