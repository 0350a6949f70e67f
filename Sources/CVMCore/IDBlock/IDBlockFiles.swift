import Bytes
import SEV

/// The two files of an ID block: each the bytes as they are, or base64 as QEMU and libvirt want it.
package struct IDBlockFiles: Equatable, Sendable {
  package let block: String
  package let auth: String

  package init(block: String, auth: String) {
    self.block = block
    self.auth = auth
  }

  /// `PREFIX_idblock.b64` and `PREFIX_idauth.b64`, or `.bin`.
  init(prefix: String, isBinary: Bool) {
    let ending = isBinary ? ".bin" : ".b64"
    self.init(block: prefix + "_idblock" + ending, auth: prefix + "_idauth" + ending)
  }

  /// What is in them.
  package func describe() throws(CoreError) -> IDBlockInfo {
    let (block, auth) = try bytes()
    return try IDBlockInfo(
      try Self.parse(self.block) { () throws(FormatError) in try IDBlock(parsing: block) },
      try Self.parse(self.auth) { () throws(FormatError) in try IDAuth(parsing: auth) }, files: self)
  }

  func bytes() throws(CoreError) -> (block: [UInt8], auth: [UInt8]) {
    (try Self.read(block, size: IDBlock.size), try Self.read(auth, size: IDAuth.size))
  }

  func write(_ block: IDBlock, _ auth: IDAuth, isBinary: Bool) throws(CoreError) {
    for (path, bytes) in [(self.block, block.serialized()), (self.auth, auth.serialized())] {
      try OutputFile.create(path, isBinary ? bytes : Array(Base64.encode(bytes).utf8), mode: 0o644)
    }
  }

  func requireAbsent() throws(CoreError) {
    for path in [block, auth] { try OutputFile.requireAbsent(path) }
  }

  /// A file of exactly `size` bytes is taken as it is, any other that is base64 is decoded.
  private static func read(_ path: String, size: Int) throws(CoreError) -> [UInt8] {
    let bytes = try InputFile.read(path, limit: 64 << 10)
    guard bytes.count != size else { return bytes }
    return Base64.decode(String(decoding: bytes, as: UTF8.self).trimmingBlanks) ?? bytes
  }

  private static func parse<Value>(
    _ path: String, _ body: () throws(FormatError) -> Value
  ) throws(CoreError) -> Value {
    do { return try body() } catch { throw .malformedBytes(source: path, error) }
  }
}
