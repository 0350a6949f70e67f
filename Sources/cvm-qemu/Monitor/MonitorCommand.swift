import Documents

/// A command of the client.
struct MonitorCommand {
  private let object: JSONObject

  /// Nil for anything that is no JSON object.
  init?(_ bytes: [UInt8]) {
    guard let object = JSONObject(parsing: bytes) else { return nil }
    self.object = object
  }

  /// Nil where QEMU has to say what is wrong.
  var name: String? { object["execute"]?.text }

  var id: Value? { object["id"] }

  var arguments: JSONObject { object.object("arguments") ?? JSONObject() }

  /// The same command with other arguments, as a line.
  func with(arguments: JSONObject) -> [UInt8] {
    var object = object
    object["arguments"] = arguments.value
    return Array((object.text + "\r\n").utf8)
  }

  /// Refuses arguments beside `known`, as QEMU does.
  func permit(_ known: String...) throws(MonitorRefusal) {
    if let extra = arguments.names.first(where: { !known.contains($0) }) { throw .unexpectedParameter(extra) }
  }

  func text(_ name: String) throws(MonitorRefusal) -> String {
    guard let value = arguments[name] else { throw .missingParameter(name) }
    guard let text = value.text else { throw .wrongType(name, expected: "string") }
    return text
  }

  func unsigned(_ name: String) throws(MonitorRefusal) -> UInt64? {
    guard let value = arguments[name] else { return nil }
    guard let number: UInt64 = value.integer() else { throw .wrongType(name, expected: "uint64") }
    return number
  }
}
