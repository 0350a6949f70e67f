import Glibc

extension GlobalOptions {
  /// Asks before what cannot be undone; `--yes` is the answer of a script. Throws unless it is yes.
  func confirm(_ question: String) throws {
    guard !yes else { return }
    guard isatty(0) == 1, Terminal.errorIsTerminal else {
      throw UsageError(
        "this cannot be undone, and there is no terminal to ask", hint: "confirm it with --yes")
    }
    Terminal.note(TerminalSafe.escape(question) + " Type yes:")
    guard readLine(strippingNewline: true) == "yes" else {
      throw UsageError("not confirmed: nothing was done")
    }
  }
}
