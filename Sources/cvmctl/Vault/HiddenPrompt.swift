import CVMCrypto
import Glibc

/// Asks for a secret on the terminal, which does not show what is typed.
enum HiddenPrompt {
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]

  /// One line that was typed twice alike.
  static func readTwice(_ prompt: String) throws -> SecretBytes {
    let first = try read(prompt)
    guard try read("Once more: ") == first else {
      throw UsageError("these were two different ones: nothing was done")
    }
    return first
  }

  /// One line. Throws without a terminal. A signal is served when the terminal is as it was.
  static func read(_ prompt: String) throws -> SecretBytes {
    guard isatty(0) == 1, Terminal.errorIsTerminal else {
      throw UsageError(
        "there is no terminal to ask for a passphrase", hint: "name a file: --passphrase-file FILE, fd:N or -"
      )
    }
    var (blocked, before) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&blocked)
    for number in signals { unsafe sigaddset(&blocked, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    var shown = termios()
    guard unsafe tcgetattr(0, &shown) == 0 else { throw UsageError("the terminal cannot be silenced") }
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    hidden.c_lflag |= tcflag_t(ICANON)
    guard unsafe tcsetattr(0, TCSAFLUSH, &hidden) == 0 else {
      throw UsageError("the terminal cannot be silenced")
    }
    defer {
      unsafe tcsetattr(0, TCSAFLUSH, &shown)
      Terminal.note("")
    }
    Terminal.prompt(prompt)
    return try line()
  }

  /// What was typed up to the line end. The terminal hands over whole lines, 4095 bytes at most.
  private static func line() throws -> SecretBytes {
    var count = 0
    let buffer = SecretBytes.filled(4096) { target in
      while !isInterrupted {
        var entry = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 200) > 0 else { continue }
        count = unsafe Glibc.read(0, target.baseAddress, target.count)
        return
      }
    }
    let length = buffer.withBytes { bytes in
      guard count > 0 else { return 0 }
      return unsafe bytes[count - 1] == UInt8(ascii: "\n") ? count - 1 : count
    }
    guard length > 0, let line = buffer.slice(0..<length) else { throw UsageError("no passphrase was typed") }
    return line
  }

  private static var isInterrupted: Bool {
    var pending = sigset_t()
    unsafe sigpending(&pending)
    return signals.contains { unsafe sigismember(&pending, $0) == 1 }
  }
}
