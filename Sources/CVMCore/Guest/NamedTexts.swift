import Documents

/// Names with a text each, as one column of the store: a JSON object, keys in order.
enum NamedTexts {
  static func format(_ texts: [String: String]) throws(CoreError) -> String {
    let members = texts.sorted { $0.key < $1.key }.map { Value.Member($0.key, .string($0.value)) }
    do {
      return try JSONText.emit(.object(members), pretty: false)
    } catch {
      throw .usage("a label or a secret's name cannot be stored")
    }
  }

  /// What is not of that form reads as nothing: these texts are for people, no decision rests on them.
  static func parse(_ text: String) -> [String: String] {
    guard text != "{}", let members = try? JSONText.parse(Array(text.utf8)).members else { return [:] }
    var texts: [String: String] = [:]
    for member in members { texts[member.key] = member.value.text }
    return texts
  }
}
