import CVMCore
import CVMCrypto
import Foundation
import Glibc
import Testing

@Suite("files that a command writes") struct OutputFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func problem(_ body: () throws -> Void) -> FileProblem? {
    guard case .file(_, let problem)? = refusal(body) else { return nil }
    return problem
  }

  private func mode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: scratch.file(name))[.posixPermissions] as? Int
  }

  private func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: scratch.file(name)).map(Array.init)
  }

  @Test(arguments: [0, 1, 100_000])
  func `are whole, for their owner alone, and leave nothing beside them`(_ size: Int) throws {
    let content = counting(from: 9, size)
    try OutputFile.create(scratch.file("plain"), content)
    try OutputFile.create(scratch.file("secret"), secret: SecretBytes(copying: content))
    #expect(bytes("plain") == content && bytes("secret") == content)
    #expect(try mode("plain") == 0o600 && mode("secret") == 0o600)
    #expect(scratch.names == ["plain", "secret"])
  }

  @Test func `have the mode that is asked for`() throws {
    try OutputFile.create(scratch.file("public"), [1], mode: 0o644)
    #expect(try mode("public") == 0o644)
  }

  @Test(arguments: ["file", "directory", "link", "dangling", "fifo"])
  func `never replace what stands there`(_ kind: String) throws {
    let path = scratch.file("out")
    try scratch.write("target", to: "target")
    switch kind {
    case "file": try scratch.write("old", to: "out")
    case "directory":
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "link":
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.file("target"))
    case "dangling":
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.file("gone"))
    default: #expect(unsafe mkfifo(path, 0o600) == 0)
    }
    #expect(problem { try OutputFile.create(path, [1]) } == .exists)
    #expect(problem { try OutputFile.create(path, secret: SecretBytes(count: 1)) } == .exists)
    #expect(problem { try OutputFile.requireAbsent(path) } == .exists)
    #expect(scratch.names == ["out", "target"], "nothing is left beside it")
    #expect(bytes("target") == Array("target".utf8))
    if kind == "file" { #expect(bytes("out") == Array("old".utf8)) }
  }

  @Test func `are refused where there is no directory for them`() throws {
    for path in [scratch.file("no/out"), "/proc/nothing", ""] {
      #expect(problem { try OutputFile.create(path, [1]) } != nil, "\(path)")
    }
    #expect(scratch.names.isEmpty)
    try OutputFile.requireAbsent(scratch.file("no/out"))
  }

  @Test func `with a name too long leave nothing`() {
    let path = scratch.file(String(repeating: "x", count: 250))
    #expect(problem { try OutputFile.create(path, [1]) } == .unwritable(errno: ENAMETOOLONG))
    #expect(scratch.names.isEmpty)
  }

  @Test func `of two writers at once one wins, and its bytes are whole`() throws {
    let path = scratch.file("out")
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      try? OutputFile.create(path, Array(repeating: UInt8(index), count: 50_000))
    }
    let content = try #require(bytes("out"))
    #expect(content.count == 50_000 && Set(content).count == 1)
    #expect(scratch.names == ["out"])
  }
}
