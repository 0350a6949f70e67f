import CVMCore

/// `NAME=@FILE` or `NAME=key:KEY` of `--secret`.
enum SecretArgument {
  /// A secret itself is never accepted on the command line, where every process of the host could read it.
  static func parse(_ text: String) throws -> SecretSource {
    guard let equals = text.firstIndex(of: "=") else {
      throw UsageError(
        "--secret takes NAME=@FILE or NAME=key:KEY", hint: "for example --secret luks-key=@/run/keys/web1")
    }
    let name = String(text[..<equals])
    let value = text[text.index(after: equals)...]
    if !name.isEmpty, value.hasPrefix("key:") {
      return SecretSource(name: name, key: try KeyName.check(String(value.dropFirst("key:".count))))
    }
    guard !name.isEmpty, value.hasPrefix("@"), value.count > 1 else {
      throw UsageError(
        "--secret: a secret on the command line can be read by every process",
        hint:
          "put it into a file that only you can read: --secret NAME=@FILE, or a descriptor: NAME=@/dev/fd/3")
    }
    return SecretSource(name: name, path: String(value.dropFirst()))
  }
}
