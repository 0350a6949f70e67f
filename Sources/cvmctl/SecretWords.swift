/// Options that other tools have for a secret. Here there are none: every user of the machine sees arguments.
enum SecretWords {
  private static let sources = [
    "--passphrase": "--passphrase-file", "--password": "--passphrase-file", "--pin": "--pin-file",
  ]

  /// For words that could not be parsed; says nothing of what was given.
  static func refusal(of words: [String]) -> UsageError? {
    for word in words.prefix(while: { $0 != "--" }) {
      let name = String(word.prefix { $0 != "=" })
      guard let source = sources[name] else { continue }
      return UsageError(
        "\(name): a secret is no argument, for others can see it", hint: "\(source) FILE, fd:N or -")
    }
    return nil
  }
}
