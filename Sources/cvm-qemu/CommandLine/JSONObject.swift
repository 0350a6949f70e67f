import Documents

/// A JSON object as QEMU's command line and monitor carry them: read strictly, looked into by member name.
struct JSONObject: Equatable {
  private var members: [Value.Member]

  init(_ members: [Value.Member] = []) { self.members = members }

  /// Nil for a text that is no strict JSON, no object, or beyond the limits of a monitor's message.
  init?(parsing bytes: [UInt8]) {
    guard let value = try? JSONText.parse(bytes, limits: Self.limits), let members = value.members else {
      return nil
    }
    self.members = members
  }

  /// A client's longest message carries a secret or a certificate; block nodes nest a few levels deep.
  private static let limits = DocumentLimits(bytes: MessageSplitter.limit, depth: 128, nodes: 1_000_000)

  subscript(_ name: String) -> Value? {
    get { members.first { $0.key == name }?.value }
    set {
      let position = members.firstIndex { $0.key == name }
      switch (position, newValue) {
      case (let position?, let value?): members[position].value = value
      case (let position?, nil): members.remove(at: position)
      case (nil, let value?): members.append(Value.Member(name, value))
      case (nil, nil): break
      }
    }
  }

  var names: [String] { members.map(\.key) }

  var value: Value { .object(members) }

  func object(_ name: String) -> JSONObject? { self[name]?.members.map { JSONObject($0) } }

  /// A string, number or boolean as QEMU's key=value form spells it.
  func scalar(_ name: String) -> String? {
    switch self[name] {
    case .string(let text): text
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .bool(let value): value ? "on" : "off"
    case .null, .number, .array, .object, nil: nil
    }
  }

  /// One line.
  var text: String {
    // What was parsed has no number that JSON cannot carry, and no other is ever put in.
    (try? JSONText.emit(value, pretty: false)) ?? "{}"
  }
}
