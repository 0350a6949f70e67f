import Foundation
import TestHarness

/// A state directory with one simulated host, files beside it, and cvmctl bound to both. Gone with the value.
final class Sandbox: Sendable {
  let directory: ScratchDirectory
  let state: String
  /// `cvmctl --state-dir … --connect sim:///`.
  let cvmctl: Tool
  /// cvmctl in the same environment, without options.
  let bare: Tool

  /// `hasHost` false: there is no state directory yet.
  init(hasHost: Bool = true) throws {
    directory = try ScratchDirectory()
    state = directory.file("state")
    var environment = Tool.plainEnvironment
    environment["HOME"] = directory.path
    bare = Tool(Program.cvmctl, environment: environment)
    cvmctl = bare.with("--state-dir", state, "--connect", "sim:///")
    if hasHost { try Template.copy(to: state) }
  }

  /// The path of `name` beside the state directory.
  func file(_ name: String) -> String { directory.file(name) }

  /// Runs cvmctl, which has to succeed.
  @discardableResult
  func succeed(_ arguments: String...) throws -> Outcome { try cvmctl.succeed(arguments) }

  func run(_ arguments: String...) throws -> Outcome { try cvmctl.run(arguments) }

  /// What cvmctl prints with `-o json`, one object.
  func object(_ arguments: String...) throws -> JSONObject {
    try cvmctl.succeed(["-o", "json"] + arguments).object()
  }

  /// What cvmctl prints with `-o json`, a list.
  func list(_ arguments: String...) throws -> [JSONObject] {
    let outcome = try cvmctl.succeed(["-o", "json"] + arguments)
    guard let list = try outcome.json() as? [[String: Any]] else {
      throw HarnessError("no JSON list: \(outcome.stdout)")
    }
    return list.map { JSONObject($0) }
  }

  /// Writes a guest file and defines it.
  func define(_ guest: GuestText) throws {
    try succeed("define", try directory.write(guest.yaml, to: "\(UInt32.random(in: 0 ... .max)).yaml"))
  }

  /// Every file of the state directory with its content: what a refused command must not change.
  func snapshot() throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: state) {
      let path = "\(state)/\(name)"
      let kind = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      files[name] = kind == .typeRegular ? try Data(contentsOf: URL(fileURLWithPath: path)) : Data()
    }
    return files
  }
}

/// A state directory with a simulated host, made once: its RSA keys take the longest of all.
private enum Template {
  static let host: Result<ScratchDirectory, any Error> = Result {
    let directory = try ScratchDirectory()
    try Tool(Program.cvmctl, ["--state-dir", directory.file("state")]).succeed(
      "sim", "host", "create", "default")
    return directory
  }

  static func copy(to state: String) throws {
    try Tool("/bin/cp").succeed("-a", try host.get().file("state"), state)
  }
}
