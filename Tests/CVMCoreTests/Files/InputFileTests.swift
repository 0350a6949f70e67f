import CVMCore
import CVMCrypto
import Foundation
import Glibc
import Synchronization
import Testing

@Suite("files that a user names") struct InputFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func problem(_ body: () throws -> Void) -> FileProblem? {
    guard case .file(_, let problem)? = refusal(body) else { return nil }
    return problem
  }

  private func fifo() -> String {
    let path = scratch.file("fifo")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    return path
  }

  @Test(arguments: [0, 1, 4096, 262_143, 262_144, 262_145, 1_000_003])
  func `are read whole, byte for byte`(_ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let path = try scratch.write(bytes, to: "file")
    #expect(try InputFile.read(path, limit: size) == bytes)
    #expect(try InputFile.digest(path, limit: size) == SHA256.hash(bytes))
  }

  @Test func `are read up to the limit, not beyond`() throws {
    let path = try scratch.write(counting(from: 0, 100), to: "file")
    #expect(try InputFile.read(path, limit: 100).count == 100)
    #expect(problem { _ = try InputFile.read(path, limit: 99) } == .tooLarge(limit: 99))
    #expect(problem { _ = try InputFile.digest(path, limit: 99) } == .tooLarge(limit: 99))
  }

  @Test func `of any size are refused by their size alone`() throws {
    let path = scratch.file("sparse")
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    #expect(unsafe truncate(path, 1 << 40) == 0)
    #expect(problem { _ = try InputFile.read(path, limit: 1 << 20) } == .tooLarge(limit: 1 << 20))
  }

  @Test(arguments: ["nothing", "nothing/below", "file/below", "", "a\u{0}b"])
  func `that are not there are missing`(_ name: String) throws {
    try scratch.write("x", to: "file")
    let path = name.isEmpty ? "" : scratch.file(name)
    #expect(problem { _ = try InputFile.read(path, limit: 9) } == .missing)
    #expect(problem { _ = try InputFile.readSecret(path) } == .missing)
  }

  @Test func `that are none are refused before anything is read`() throws {
    for path in [scratch.path, "/dev/null", "/dev/zero", fifo()] {
      #expect(problem { _ = try InputFile.read(path, limit: 9) } == .notRegular, "\(path)")
      #expect(problem { _ = try InputFile.digest(path, limit: 9) } == .notRegular, "\(path)")
    }
    for path in [scratch.path, "/dev/null", "/dev/zero"] {
      #expect(problem { _ = try InputFile.readSecret(path) } == .notRegular, "\(path)")
    }
  }

  @Test func `are followed through a link, and judged by what it leads to`() throws {
    let target = try scratch.write("x", to: "file", mode: 0o644)
    try FileManager.default.createSymbolicLink(atPath: scratch.file("link"), withDestinationPath: target)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("loop"), withDestinationPath: scratch.file("loop"))
    try FileManager.default.createSymbolicLink(atPath: scratch.file("null"), withDestinationPath: "/dev/null")
    #expect(try InputFile.read(scratch.file("link"), limit: 9) == Array("x".utf8))
    #expect(problem { _ = try InputFile.readSecret(scratch.file("link")) } == .tooOpen(mode: 0o644))
    #expect(problem { _ = try InputFile.read(scratch.file("loop"), limit: 9) } == .unreadable(errno: ELOOP))
    #expect(problem { _ = try InputFile.read(scratch.file("null"), limit: 9) } == .notRegular)
  }

  /// Another thread makes the file longer and shorter all the time: what is returned is one whole state of it, or nothing.
  @Test func `that change while they are read are refused`() throws {
    let size = 6 << 20
    let path = try scratch.write(Array(repeating: 1, count: size), to: "file")
    let isOver = Atomic(false)
    let refusals = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      if index == 0 {
        while !isOver.load(ordering: .relaxed) {
          unsafe truncate(path, off_t(size / 2))
          unsafe truncate(path, off_t(size))
        }
        return
      }
      defer { isOver.store(true, ordering: .relaxed) }
      for _ in 0..<2000 where refusals.load(ordering: .relaxed) == 0 {
        do throws(CoreError) {
          let count = try InputFile.read(path, limit: size).count
          #expect(count == size || count == size / 2)
        } catch {
          guard case .file(_, .changed) = error else {
            Issue.record("\(error)")
            return
          }
          refusals.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(refusals.load(ordering: .relaxed) == 1)
  }

  @Test func `of the kernel, which have no size, are never taken for empty and full`() {
    // `/proc` files say 0 bytes: what is read is exactly that.
    #expect((try? InputFile.read("/proc/self/status", limit: 1 << 20)) == [])
  }
}

@Suite("secrets in files") struct SecretInputTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func problem(_ body: () throws -> Void) -> FileProblem? {
    guard case .file(_, let problem)? = refusal(body) else { return nil }
    return problem
  }

  @Test(arguments: [0, 1, 16, 4095, 4096, 4097, 65536])
  func `are read whole`(_ size: Int) throws {
    let bytes = counting(from: 3, size)
    let path = try scratch.write(bytes, to: "secret")
    #expect(try InputFile.readSecret(path) == SecretBytes(copying: bytes))
  }

  @Test func `are read up to the limit, not beyond`() throws {
    let path = try scratch.write(counting(from: 0, 65537), to: "secret")
    #expect(problem { _ = try InputFile.readSecret(path) } == .tooLarge(limit: 65536))
    #expect(problem { _ = try InputFile.readSecret(path, limit: 65536) } == .tooLarge(limit: 65536))
    #expect(try InputFile.readSecret(path, limit: 65537).count == 65537)
  }

  @Test(arguments: [0o600, 0o400, 0o700])
  func `that their owner alone may read are taken`(_ mode: Int) throws {
    #expect(try InputFile.readSecret(scratch.write("x", to: "secret", mode: mode)).count == 1)
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
  func `that others may touch are refused, unless other tools write them so`(_ mode: Int) throws {
    let path = try scratch.write("x", to: "secret", mode: mode)
    #expect(problem { _ = try InputFile.readSecret(path) } == .tooOpen(mode: UInt32(mode)))
    #expect(try InputFile.readSecret(path, anyMode: true).count == 1)
  }

  @Test(.enabled(if: geteuid() == 0, "needs a file of somebody else"))
  func `that belong to somebody else are refused`() throws {
    let path = try scratch.write("x", to: "secret")
    #expect(unsafe chown(path, 12345, 12345) == 0)
    #expect(problem { _ = try InputFile.readSecret(path) } == .unreadable(errno: EPERM))
  }

  @Test func `come through a pipe too`() throws {
    var ends: [Int32] = [-1, -1]
    #expect(unsafe pipe(&ends) == 0)
    let bytes = counting(from: 1, 10_000)
    #expect(unsafe write(ends[1], bytes, bytes.count) == bytes.count)
    close(ends[1])
    #expect(try InputFile.readSecret("/dev/fd/\(ends[0])") == SecretBytes(copying: bytes))
    #expect(fcntl(ends[0], F_GETFD) >= 0, "the descriptor is the caller's")
    close(ends[0])
    #expect(problem { _ = try InputFile.readSecret("/dev/fd/\(ends[0])") } != nil)
  }

  @Test func `come through a FIFO that has a writer`() throws {
    let path = scratch.file("fifo")
    #expect(unsafe mkfifo(path, 0o644) == 0)
    let thread = Thread {
      let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
      unsafe write(descriptor, "abc", 3)
      close(descriptor)
    }
    thread.start()
    #expect(try InputFile.readSecret(path) == SecretBytes(copying: Array("abc".utf8)))
  }

  @Test(arguments: ["/dev/fd/", "/dev/fd/x", "/dev/fd/-1", "/dev/fd/99999", "/dev/fd/99999999999"])
  func `do not come from a descriptor that is none`(_ path: String) {
    #expect(problem { _ = try InputFile.readSecret(path) } != nil)
  }

  @Test(arguments: [0, 15, 17, 32, 4096])
  func `a transport key is exactly 16 bytes`(_ size: Int) throws {
    let path = try scratch.write(counting(from: 0, size), to: "tik", mode: 0o644)
    guard case .usage? = refusal({ _ = try TransportKeyFile.read(path) }) else {
      Issue.record("taken")
      return
    }
    let right = try scratch.write(counting(from: 0, 16), to: "tik", mode: 0o644)
    #expect(try TransportKeyFile.read(right).count == 16)
  }
}
