import Bytes
import CVMCrypto

/// The frame of every state file. Little-endian. The checksum finds damage; who can write the file can also
/// recompute it, and is kept out by the directory's mode.
///
/// | offset  | size | field                                         |
/// |--------:|-----:|-----------------------------------------------|
/// |       0 |    8 | kind: `CVMSPCHP`, `CVMSPPLT` or `CVMSPGST`    |
/// |       8 |    4 | format version                                |
/// |      12 |    4 | P, bytes of the public part                   |
/// |      16 |    4 | S, bytes of the secret part                   |
/// |      20 |    P | public part                                   |
/// |    20+P |    S | secret part: keys of fixed sizes              |
/// |  20+P+S |   32 | SHA-256 of everything before; in every version|
struct StateEnvelope {
  enum Kind: String { case chip = "CVMSPCHP", platform = "CVMSPPLT", guest = "CVMSPGST" }

  static let version: UInt32 = 1
  private static let header = 20

  let open: [UInt8]
  let secret: SecretBytes

  init(open: [UInt8], secret: SecretBytes) {
    self.open = open
    self.secret = secret
  }

  /// `file` names the file in errors.
  init(parsing bytes: SecretBytes, _ kind: Kind, file: String) throws(PlatformError) {
    let body = bytes.count - SHA256.size
    guard body >= Self.header else { throw .corrupt(file: file, reason: "too short") }
    let (header, sum, found) = try bytes.withBytes { buffer throws(PlatformError) in
      (
        unsafe [UInt8](buffer[..<Self.header]), unsafe [UInt8](buffer[body...]),
        try unsafe Self.checksum(UnsafeRawBufferPointer(rebasing: buffer[..<body]))
      )
    }
    guard found == sum else { throw .corrupt(file: file, reason: "wrong checksum") }
    let lengths = try parsed(file) { () throws(FormatError) in try Self.lengths(header, kind) }
    guard lengths.version == Self.version else { throw .newer(file: file, version: lengths.version) }
    let end = Self.header + lengths.open
    guard end + lengths.secret == body, let secret = bytes.slice(end..<body) else {
      throw .corrupt(file: file, reason: "lengths do not fit")
    }
    open = bytes.withBytes { unsafe [UInt8]($0[Self.header..<end]) }
    self.secret = secret
  }

  func serialized(_ kind: Kind) throws(PlatformError) -> SecretBytes {
    var writer = ByteWriter(capacity: Self.header + open.count)
    writer.append(Array(kind.rawValue.utf8))
    writer.littleEndian(Self.version)
    writer.littleEndian(UInt32(open.count))
    writer.littleEndian(UInt32(secret.count))
    writer.append(open)
    let (start, body) = (writer.bytes, writer.bytes.count + secret.count)
    return try SecretBytes.filled(body + SHA256.size) { target throws(PlatformError) in
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<start.count]).copyBytes(from: start)
      secret.withBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[start.count..<body]).copyMemory(from: source)
      }
      let sum = try unsafe Self.checksum(UnsafeRawBufferPointer(rebasing: target[..<body]))
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[body...]).copyBytes(from: sum)
    }
  }

  private static func lengths(
    _ header: [UInt8], _ kind: Kind
  ) throws(FormatError) -> (version: UInt32, open: Int, secret: Int) {
    var cursor = ByteCursor(header, format: "state file")
    guard try cursor.array(8) == Array(kind.rawValue.utf8) else {
      throw FormatError("state file", at: 0, .invalid(field: "kind", reason: "another kind of file"))
    }
    let version: UInt32 = try cursor.littleEndian()
    let open: UInt32 = try cursor.littleEndian()
    let secret: UInt32 = try cursor.littleEndian()
    return (version, Int(open), Int(secret))
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) throws(PlatformError) -> [UInt8] {
    do {
      let stream = try SHA256.Stream()
      stream.update(bytes)
      return try stream.finalize()
    } catch {
      throw .crypto(error)
    }
  }
}

/// Runs a parser of a state file's part; what it finds wrong is damage of that file.
func parsed<R>(_ file: String, _ body: () throws(FormatError) -> R) throws(PlatformError) -> R {
  do { return try body() } catch { throw .corrupt(file: file, reason: error.summary) }
}
