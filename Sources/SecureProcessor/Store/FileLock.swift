private import CLinux
private import Glibc

/// An advisory lock on a file of a state folder (flock), or on one byte of it (fcntl). The kernel releases it when the last descriptor of
/// this opening is closed: with this object, or with the process, however it ends.
@safe final class FileLock {
  let descriptor: Int32
  /// The turn among this process's threads, of a lock that was waited for.
  private var turn: Turn?

  /// Takes over a descriptor that holds a lock.
  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit {
    close(descriptor)
    turn?.give()
  }

  /// Waits up to `seconds` for the exclusive lock. Throws `.locked` then, naming the holder.
  static func acquire(
    _ name: String, in folder: StateFolder, seconds: Int
  ) throws(PlatformError) -> FileLock {
    let lock = FileLock(adopting: try folder.openFile(name, .made))
    let start = now()
    let turn = Turn.at(folder.file(name))
    guard turn.take(within: seconds) else {
      throw .locked(file: folder.file(name), holder: lock.holder(), seconds: seconds)
    }
    lock.turn = turn
    while try !lock.isTaken(folder.file(name)) {
      guard now() - start < Double(seconds) else {
        throw .locked(file: folder.file(name), holder: lock.holder(), seconds: seconds)
      }
      // A launch holds it for a few milliseconds.
      usleep(now() - start < 0.1 ? 300 : 10_000)
    }
    return lock
  }

  /// The exclusive lock at once, or nil where somebody holds it.
  static func attempt(_ name: String, in folder: StateFolder) throws(PlatformError) -> FileLock? {
    let lock = FileLock(adopting: try folder.openFile(name, .made))
    return try lock.isTaken(folder.file(name)) ? lock : nil
  }

  /// The exclusive lock on one byte of a file at once, or nil where another opening has it. The lock on the whole file is
  /// another one.
  static func attempt(_ name: String, byte: UInt32, in folder: StateFolder) throws(PlatformError) -> FileLock?
  {
    let lock = FileLock(adopting: try folder.openFile(name, .made))
    if cvm_lock_byte(lock.descriptor, Int64(byte)) == 0 { return lock }
    guard errno == EAGAIN || errno == EACCES else {
      throw .system(operation: "lock", file: folder.file(name), number: errno)
    }
    return nil
  }

  private func isTaken(_ file: String) throws(PlatformError) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK || errno == EINTR else {
      throw .system(operation: "lock", file: file, number: errno)
    }
    return false
  }

  /// The holder's process id from /proc/locks, where lines read `1: FLOCK  ADVISORY  WRITE 714 08:01:131 0
  /// EOF`. For people only.
  private func holder() -> Int32? {
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0 else { return nil }
    for line in ProcessFiles.text("/proc/locks").split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 6, fields[1] == "FLOCK", fields[3] == "WRITE",
        fields[5].split(separator: ":").last == "\(facts.st_ino)"
      else { continue }
      return Int32(fields[4]).flatMap { $0 > 0 ? $0 : nil }
    }
    return nil
  }

  /// Seconds of the monotonic clock.
  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The kernel's text files.
private enum ProcessFiles {
  /// Empty where it cannot be read.
  static func text(_ path: String) -> String {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return "" }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 1 << 20 {
      let got = unsafe read(fd, &buffer, buffer.count)
      guard got > 0 else { break }
      bytes += buffer[..<got]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
