import Glibc
import SecureProcessor

@testable import cvm_qemu

/// A simulated AMD-SP, switched on, as files: making its keys takes longer than most tests.
struct PlatformTemplate: Sendable {
  static let withES = Result { try PlatformTemplate(es: true) }
  static let withoutES = Result { try PlatformTemplate(es: false) }

  private let files: [String: [UInt8]]

  private init(es: Bool) throws {
    let bench = try Bench(platform: false)
    let path = "\(bench.directory)/template"
    try PlatformDirectory.create(path: path, model: ProcessorModel(initializesES: es))
    var files: [String: [UInt8]] = [:]
    for name in ["chip", "platform"] {
      files[name] = try ByteChannel.readFile("\(path)/\(name)", limit: 1 << 20)
    }
    self.files = files
  }

  func copy(to path: String) throws {
    _ = unsafe mkdir(path, 0o700)
    _ = unsafe mkdir("\(path)/guests", 0o700)
    for (name, bytes) in files {
      let number = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL, 0o600)
      try ByteChannel.writeAll(bytes, to: Descriptor(owning: number))
    }
  }
}

extension Result where Success == PlatformTemplate {
  func copy(to path: String) throws { try get().copy(to: path) }
}
