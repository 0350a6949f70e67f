package import Foundation

/// What a program did.
package struct Outcome: Sendable {
  /// The exit status; 128 + N where signal N ended it, as a shell says it.
  package var status: Int32
  /// The harness ended it (SIGKILL) because its time was over.
  package var timedOut: Bool
  package var stdout: String
  package var stderr: String
  /// Seconds of user and system time.
  package var cpuTime: Double
  package var wallTime: Double

  /// The standard output as JSON.
  package func json() throws -> Any {
    guard let value = try? JSONSerialization.jsonObject(with: Data(stdout.utf8), options: [.fragmentsAllowed])
    else { throw HarnessError("no JSON on stdout, exit \(status): \(stdout) \(stderr)") }
    return value
  }

  /// The standard output as one JSON object.
  package func object() throws -> JSONObject {
    guard let object = try json() as? [String: Any] else { throw HarnessError("no JSON object: \(stdout)") }
    return JSONObject(object)
  }

  /// The error object that `-o json` puts on stderr.
  package func errorObject() throws -> JSONObject {
    let value = try? JSONSerialization.jsonObject(with: Data(stderr.utf8))
    guard let object = value as? [String: Any], let error = object["error"] as? [String: Any] else {
      throw HarnessError("no error object on stderr, exit \(status): \(stderr)")
    }
    return JSONObject(error)
  }
}

/// A program with what all its runs have in common.
package struct Tool: Sendable {
  package var path: String
  /// Come before the arguments of each run.
  package var arguments: [String]
  /// The whole environment of the program: nothing is inherited.
  package var environment: [String: String]

  package static let plainEnvironment = [
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "NO_COLOR": "1",
  ]

  package init(
    _ path: String, _ arguments: [String] = [], environment: [String: String] = Tool.plainEnvironment
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
  }

  package static let virsh = Tool("/usr/bin/virsh", ["-q"])
  package static let validator = Tool("/usr/bin/python3", ["/usr/bin/virt-qemu-sev-validate"])

  /// `cvmctl` with a state directory of its own, against `uri`.
  package static func cvmctl(_ uri: String?, state: String) -> Tool {
    Tool(Repository.cvmctl, ["--state-dir", state] + (uri.map { ["--connect", $0] } ?? []))
  }

  /// The same tool with more arguments in front.
  package func with(_ more: String...) -> Tool {
    var tool = self
    tool.arguments += more
    return tool
  }

  /// Runs the program to its end.
  package func run(
    _ arguments: [String], stdin: Data? = nil, timeout: Duration = .seconds(60)
  ) throws -> Outcome {
    try start(arguments, stdin: stdin).wait(timeout: timeout)
  }

  package func run(_ arguments: String..., timeout: Duration = .seconds(60)) throws -> Outcome {
    try run(arguments, timeout: timeout)
  }

  /// Starts the program and returns at once.
  package func start(_ arguments: [String], stdin: Data? = nil) throws -> RunningTool {
    try RunningTool(
      path: path, arguments: self.arguments + arguments, environment: environment, stdin: stdin)
  }

  /// Runs a program that has to succeed; throws with what it said otherwise.
  @discardableResult
  package func succeed(_ arguments: String..., timeout: Duration = .seconds(60)) throws -> Outcome {
    try succeed(arguments, timeout: timeout)
  }

  @discardableResult
  package func succeed(_ arguments: [String], timeout: Duration = .seconds(60)) throws -> Outcome {
    let outcome = try run(arguments, timeout: timeout)
    guard outcome.status == 0 else {
      let command = ([path] + self.arguments + arguments).joined(separator: " ")
      throw HarnessError("\(command): exit \(outcome.status)\n\(outcome.stdout)\(outcome.stderr)")
    }
    return outcome
  }
}
