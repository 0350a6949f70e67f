import Bytes
import SEV

/// What the process that becomes QEMU tells the one that stays as proxy. It travels in anonymous memory, as the
/// descriptor 3 of the proxy: no argument list shows it.
///
/// | field                                    | form                             |
/// |------------------------------------------|----------------------------------|
/// | emulator, platform, generation           | text                             |
/// | path of a socket to remove at the end    | text, empty for none             |
/// | number of arguments, then each argument  | u32; bytes                       |
///
/// Text and bytes: u32 length, then the bytes. Little-endian.
struct ProxyRequest: Equatable {
  let configuration: Configuration
  /// Bound by us in QEMU's place.
  let ownSocket: String?
  /// QEMU's command line as libvirt gave it, without the program's name.
  let arguments: [[UInt8]]

  /// Bytes; a command line is limited by the kernel to less.
  static let sizeLimit = 8 << 20

  var serialized: [UInt8] {
    var writer = ByteWriter()
    let texts = [
      configuration.emulator, configuration.platform, configuration.generation.rawValue, ownSocket ?? "",
    ]
    for text in texts { writer.counted(Array(text.utf8)) }
    writer.littleEndian(UInt32(clamping: arguments.count))
    for argument in arguments { writer.counted(argument) }
    return writer.bytes
  }

  init(configuration: Configuration, ownSocket: String?, arguments: [[UInt8]]) {
    self.configuration = configuration
    self.ownSocket = ownSocket
    self.arguments = arguments
  }

  init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: "proxy request")
    let emulator = try cursor.countedText()
    let platform = try cursor.countedText()
    let word = try cursor.countedText()
    guard let generation = VMSAGeneration(rawValue: word) else {
      throw FormatError(cursor.format, at: cursor.offset, .invalid(field: "generation", reason: "not known"))
    }
    configuration = Configuration(emulator: emulator, platform: platform, generation: generation)
    let socket = try cursor.countedText()
    ownSocket = socket.isEmpty ? nil : socket
    let count: UInt32 = try cursor.littleEndian()
    var arguments: [[UInt8]] = []
    for _ in 0..<count { arguments.append(try cursor.counted()) }
    self.arguments = arguments
    try cursor.finish()
  }
}

extension ByteWriter {
  fileprivate mutating func counted(_ bytes: [UInt8]) {
    littleEndian(UInt32(clamping: bytes.count))
    append(bytes)
  }
}

extension ByteCursor {
  fileprivate mutating func counted() throws(FormatError) -> [UInt8] {
    let count: UInt32 = try littleEndian()
    return try array(Int(count))
  }

  fileprivate mutating func countedText() throws(FormatError) -> String {
    String(decoding: try counted(), as: UTF8.self)
  }
}
