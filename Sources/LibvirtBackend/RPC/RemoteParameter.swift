internal import Bytes
internal import CLibvirt

/// A named value on the wire. Source: libvirt, `src/remote/remote_protocol.x`, `remote_typed_param`.
///
/// | field | XDR                                                                                        |
/// |-------|--------------------------------------------------------------------------------------------|
/// | name  | string                                                                                     |
/// | type  | int: 1 int, 2 unsigned, 3 hyper, 4 unsigned hyper, 5 double, 6 boolean (an int), 7 string  |
/// | value | of that type                                                                               |
struct RemoteParameter: Sendable {
  /// Bytes of the shortest one.
  static let minimumSize = 12

  let name: String
  let value: TypedParameters.Value

  init(parsing reader: inout XDRReader) throws(FormatError) {
    name = try reader.string(limit: Message.stringLimit)
    let start = reader.offset
    let type = try reader.unsigned()
    switch type {
    case VIR_TYPED_PARAM_INT.rawValue: value = .int(try reader.int())
    case VIR_TYPED_PARAM_UINT.rawValue: value = .uint(try reader.unsigned())
    case VIR_TYPED_PARAM_LLONG.rawValue: value = .llong(Int64(bitPattern: try reader.unsignedHyper()))
    case VIR_TYPED_PARAM_ULLONG.rawValue: value = .ullong(try reader.unsignedHyper())
    case VIR_TYPED_PARAM_DOUBLE.rawValue:
      _ = try reader.unsignedHyper()
      value = .other
    case VIR_TYPED_PARAM_BOOLEAN.rawValue:
      _ = try reader.int()
      value = .other
    case VIR_TYPED_PARAM_STRING.rawValue: value = .text(try reader.string(limit: Message.stringLimit))
    default:
      throw FormatError(
        reader.format, at: start, .unexpected(field: "type", found: UInt64(type), expected: "1 to 7"))
    }
  }
}

extension XDRWriter {
  mutating func parameter(_ name: String, _ text: String) {
    string(name)
    unsigned(VIR_TYPED_PARAM_STRING.rawValue)
    string(text)
  }

  mutating func parameter(_ name: String, _ number: UInt64) {
    string(name)
    unsigned(VIR_TYPED_PARAM_ULLONG.rawValue)
    unsignedHyper(number)
  }
}

extension TypedParameters {
  /// An array of them.
  init(parsing reader: inout XDRReader) throws(FormatError) {
    var values: [(name: String, value: Value)] = []
    for _ in 0..<(try reader.count(limit: Message.parameterLimit, each: RemoteParameter.minimumSize)) {
      let parameter = try RemoteParameter(parsing: &reader)
      values.append((parameter.name, parameter.value))
    }
    self.init(values)
  }
}
