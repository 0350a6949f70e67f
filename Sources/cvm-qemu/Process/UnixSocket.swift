import CLinux
import Glibc

/// Unix stream sockets of monitors.
enum UnixSocket {
  /// unix(7): `sun_path` has 108 bytes, one of them for the NUL.
  static let longestPath = 107

  /// Binds and listens at `path`; a socket that an earlier run left there is replaced, as QEMU does it.
  static func listen(at path: String) throws(SystemError) -> Descriptor {
    let replaced = unsafe unlink(path)
    guard replaced == 0 || errno == ENOENT else { throw SystemError("unlink", path: path) }
    return try bind(path)
  }

  /// A listener without a name: it is bound beside `neighbour`, then the name is removed. `address` is the way to it
  /// that is left (an O_PATH descriptor of the socket's file), so nobody else can connect to it and nothing stays
  /// behind in the directory.
  static func listenUnnamed(
    beside neighbour: String
  ) throws(SystemError) -> (listener: Descriptor, address: Descriptor) {
    let place = directory(of: neighbour)
    let directory = try handle(ofDirectory: place)
    let name = ".cvm-qemu.\(getpid())"
    let plain = "\(place)/\(name)"
    // QEMU removes the name that it was bound to at its end: the plain one is gone then, the other means nothing there.
    let listener = try bind(
      plain.utf8.count <= longestPath ? plain : "/proc/self/fd/\(directory.number)/\(name)")
    defer { _ = unsafe unlinkat(directory.number, name, 0) }
    let address = unsafe cvm_open_handle(directory.number, name)
    guard address >= 0 else { throw SystemError("open", path: name) }
    return (listener, Descriptor(owning: address))
  }

  /// Connects to a listener made by `listenUnnamed`. Nonblocking.
  static func connect(to address: Descriptor) throws(SystemError) -> Descriptor {
    try connect(path: "/proc/self/fd/\(address.number)")
  }

  static func connect(path: String) throws(SystemError) -> Descriptor {
    let number = unsafe cvm_unix_connect(path)
    guard number >= 0 else { throw SystemError("connect", path: path) }
    return Descriptor(owning: number)
  }

  static func accept(_ listener: Descriptor) throws(SystemError) -> Descriptor {
    let number = cvm_unix_accept(listener.number)
    guard number >= 0 else { throw SystemError("accept") }
    return Descriptor(owning: number)
  }

  /// Where a listener is bound.
  static func path(of listener: Descriptor) throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe cvm_unix_path(listener.number, &buffer, buffer.count) == 0 else {
      throw SystemError("getsockname")
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func handle(ofDirectory path: String) throws(SystemError) -> Descriptor {
    let number = unsafe cvm_open_directory(path)
    guard number >= 0 else { throw SystemError("open", path: path) }
    return Descriptor(owning: number)
  }

  private static func bind(_ path: String) throws(SystemError) -> Descriptor {
    let number = unsafe cvm_unix_listen(path)
    guard number >= 0 else { throw SystemError("bind", path: path) }
    return Descriptor(owning: number)
  }
}
