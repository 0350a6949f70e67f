import Glibc

/// Finds the configuration: beside the program as it was called, then beside the file that runs.
enum ConfigurationFile {
  static func load(calledAs: String) throws(ConfigurationError) -> Configuration {
    let places = candidates(calledAs: calledAs, program: programFile())
    for file in places where unsafe access(file, F_OK) == 0 { return try read(file) }
    throw .absent(tried: places)
  }

  /// The files that are tried, in this order, without repetition.
  static func candidates(calledAs: String, program: String?) -> [String] {
    var places: [String] = []
    for name in [calledAs.hasPrefix("/") ? calledAs : nil, program] {
      guard let name else { continue }
      let directory = UnixSocket.directory(of: name)
      let file = (directory == "/" ? "" : directory) + "/" + Configuration.fileName
      if !places.contains(file) { places.append(file) }
    }
    return places
  }

  private static func read(_ file: String) throws(ConfigurationError) -> Configuration {
    let bytes: [UInt8]
    do { bytes = try ByteChannel.readFile(file, limit: Configuration.sizeLimit) } catch {
      throw .unreadable(file: file, reason: error.reason)
    }
    return try Configuration(parsing: String(decoding: bytes, as: UTF8.self), file: file)
  }

  private static func programFile() -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = unsafe readlink(ChildProcess.thisProgram, &buffer, buffer.count)
    guard length > 0, length < buffer.count else { return nil }
    return String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
