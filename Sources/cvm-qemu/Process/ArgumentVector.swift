import CLinux
import Glibc

/// The arguments of a program as bytes: what libvirt passed is handed on unchanged, UTF-8 or not.
struct ArgumentVector: Equatable {
  var arguments: [[UInt8]]

  init(_ arguments: [[UInt8]]) { self.arguments = arguments }

  init(texts: [String]) { arguments = texts.map { Array($0.utf8) } }

  /// This process's own.
  static func ofThisProcess() -> ArgumentVector {
    var arguments: [[UInt8]] = []
    for index in 0..<Int(CommandLine.argc) {
      guard let text = unsafe CommandLine.unsafeArgv[index] else { break }
      arguments.append(unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text))))
    }
    return ArgumentVector(arguments)
  }

  /// For reading; bytes that are no UTF-8 appear replaced.
  var texts: [String] { arguments.map { String(decoding: $0, as: UTF8.self) } }

  /// Lends the vector in the form of exec(3).
  func withPointers<R>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
    var pointers = unsafe arguments.map { unsafe Self.copy($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("holds at least the final nil") }
      return unsafe body(base)
    }
  }

  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
    let text = bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
    return unsafe text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return unsafe strdup(base)
    }
  }
}
