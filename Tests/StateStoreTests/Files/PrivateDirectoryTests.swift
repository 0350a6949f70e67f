import CVMCrypto
import Foundation
import StateStore
import Testing

@Suite("Private directories") struct PrivateDirectoryTests {
  private let scratch = Scratch()

  private func open(_ name: String, create: Bool = true) throws(StoreError) -> PrivateDirectory {
    try PrivateDirectory(scratch.file(name), create: create)
  }

  private func create(_ name: String, in directory: PrivateDirectory) throws(StoreError) {
    try directory.create(name, SecretBytes(copying: Array("content".utf8)))
  }

  private func content(_ name: String, in directory: PrivateDirectory) throws(StoreError) -> [UInt8]? {
    try directory.read(name, limit: 100)?.withBytes { unsafe Array($0) }
  }

  @Test func `it is made with its parents, closed to others`() throws {
    let directory = try open("a/b/c")
    #expect(directory.path == scratch.file("a/b/c"))
    for name in ["a", "a/b", "a/b/c"] { #expect(scratch.mode(name) == 0o700) }
    _ = try open("a/b/c/")
  }

  @Test func `it is not made unless asked for`() {
    #expect(failure { () throws(StoreError) in try open("a", create: false) }?.kind == "absent")
    #expect(!scratch.hasFile("a"))
  }

  @Test(arguments: [0o701, 0o710, 0o750, 0o755, 0o770, 0o777]) func `one that others can read is refused`(
    _ mode: Int
  ) throws {
    _ = try open("a")
    try scratch.set(mode: mode, "a")
    let error = failure { () throws(StoreError) in try open("a") }
    #expect(error?.kind == "permission")
    #expect(error?.hint == "chmod 700 \(scratch.file("a"))")
  }

  @Test(arguments: [0o720, 0o702, 0o777]) func `a parent that others can change is refused`(_ mode: Int)
    throws
  {
    _ = try open("a/b")
    try scratch.set(mode: mode, "a")
    #expect(failure { () throws(StoreError) in try open("a/b") }?.kind == "permission")
    try scratch.set(mode: 0o1777, "a")
    #expect(failure { () throws(StoreError) in try open("a/b") } == nil)
  }

  @Test func `a symbolic link in its place is refused, above it is resolved`() throws {
    _ = try open("a/b")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("link"), withDestinationPath: scratch.file("a"))
    #expect(failure { () throws(StoreError) in try open("link") }?.kind == "permission")
    #expect(failure { () throws(StoreError) in try open("link/") }?.kind == "permission")
    #expect(try open("link/b").path == scratch.file("a/b"))
  }

  @Test func `a file in its place is refused`() throws {
    try scratch.write([1], "a")
    #expect(failure { () throws(StoreError) in try open("a") }?.kind == "permission")
  }

  @Test(.enabled(if: geteuid() == 0)) func `one that belongs to somebody else is refused`() throws {
    _ = try open("a")
    #expect(unsafe chown(scratch.file("a"), 12345, 12345) == 0)
    #expect(failure { () throws(StoreError) in try open("a") }?.kind == "permission")
  }

  @Test func `a file appears whole, once, closed to others`() throws {
    let directory = try open("a")
    #expect(try content("f", in: directory) == nil)
    try create("f", in: directory)
    #expect(try content("f", in: directory) == Array("content".utf8))
    #expect(scratch.mode("a/f") == 0o600)
    #expect(failure { () throws(StoreError) in try create("f", in: directory) }?.kind == "exists")
    #expect(!scratch.hasFile("a/f.new"))
  }

  @Test func `remains of a killed attempt are cleared away`() throws {
    let directory = try open("a")
    try scratch.write([1, 2, 3], "a/f.new")
    try create("f", in: directory)
    #expect(try content("f", in: directory) == Array("content".utf8))
    #expect(!scratch.hasFile("a/f.new"))
  }

  @Test func `a draft that is a link harms nothing outside`() throws {
    let directory = try open("a")
    try scratch.write([1], "victim")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("a/f.new"), withDestinationPath: scratch.file("victim"))
    try create("f", in: directory)
    #expect(scratch.bytes("victim") == [1])
  }

  enum Trap: String, CaseIterable { case symbolicLink, hardLink, fifo, directory, readable, device }

  @Test(arguments: Trap.allCases) func `what is not this user's own closed file is refused`(_ trap: Trap)
    throws
  {
    let directory = try open("a")
    let path = scratch.file("a/f")
    try scratch.write([1], "victim")
    try scratch.set(mode: 0o600, "victim")
    switch trap {
    case .symbolicLink:
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.file("victim"))
    case .hardLink: try FileManager.default.linkItem(atPath: scratch.file("victim"), toPath: path)
    case .fifo: #expect(unsafe mkfifo(path, 0o600) == 0)
    case .directory: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .readable:
      try create("f", in: directory)
      try scratch.set(mode: 0o640, "a/f")
    case .device: guard unsafe mknod(path, S_IFCHR | 0o600, 0x103) == 0 else { return }
    }
    #expect(failure { () throws(StoreError) in try content("f", in: directory) }?.kind == "permission")
    #expect(failure { () throws(StoreError) in try directory.holds("f") }?.kind == "permission")
    let store = failure { () throws(StoreError) in
      try Database("f", in: directory, schema: DatabaseTests.schema)
    }
    #expect(store?.kind == "permission")
    #expect(scratch.bytes("victim") == [1])
  }

  @Test func `a file larger than expected is not read`() throws {
    let directory = try open("a")
    try create("f", in: directory)
    #expect(failure { () throws(StoreError) in try directory.read("f", limit: 6) }?.kind == "corrupt")
  }

  @Test func `the lock is waited for no longer than told, and free again afterwards`() throws {
    let (first, second) = (try open("a"), try open("a"))
    try first.exclusively(within: .seconds(1)) { () throws(StoreError) in
      let error = failure { () throws(StoreError) in
        try second.exclusively(within: .milliseconds(20)) { () throws(StoreError) in }
      }
      #expect(error?.kind == "locked")
    }
    try second.exclusively(within: .zero) { () throws(StoreError) in }
  }
}
