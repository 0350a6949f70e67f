import ArgumentParser

struct CompletionCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "completion", "Print the completion script for a shell: bash.")

  @Argument(help: "The shell.") var shell = "bash"
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard shell == "bash" else { throw UsageError("no completion for '\(shell)'", hint: "bash is supported") }
    try Terminal.out(BashCompletion.script)
  }
}
