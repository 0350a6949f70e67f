internal import CLibvirt
private import Glibc

/// libvirt's list of named values, copied out. Names that nobody asks for are kept and ignored.
struct TypedParameters: Equatable, Sendable {
  enum Value: Equatable, Sendable {
    case int(Int32)
    case uint(UInt32)
    case llong(Int64)
    case ullong(UInt64)
    case text(String)
    /// A kind that nothing here reads: double, boolean, or one newer than this code.
    case other
  }

  private let values: [(name: String, value: Value)]

  init(_ values: [(name: String, value: Value)]) { self.values = values }

  static func == (left: Self, right: Self) -> Bool {
    left.values.elementsEqual(right.values) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Copies `count` parameters that stay the caller's.
  init(copying parameters: UnsafePointer<virTypedParameter>?, count: Int32) {
    guard let parameters = unsafe parameters, count > 0 else {
      self.init([])
      return
    }
    let list = unsafe UnsafeBufferPointer(start: parameters, count: Int(count))
    self.init(unsafe list.map { unsafe (Self.name(of: $0), Self.value(of: $0)) })
  }

  /// Copies `count` parameters that libvirt handed over, and frees them.
  init(taking parameters: virTypedParameterPtr?, count: Int32, _ library: Library) {
    unsafe self.init(copying: parameters, count: count)
    unsafe library.functions.pointee.virTypedParamsFree(parameters, count)
  }

  var isEmpty: Bool { values.isEmpty }

  func value(_ name: String) -> Value? { values.first { $0.name == name }?.value }

  func text(_ name: String) -> String? {
    guard case .text(let text) = value(name) else { return nil }
    return text
  }

  func uint(_ name: String) -> UInt32? {
    guard case .uint(let number) = value(name) else { return nil }
    return number
  }

  func int(_ name: String) -> Int32? {
    guard case .int(let number) = value(name) else { return nil }
    return number
  }

  func ullong(_ name: String) -> UInt64? {
    guard case .ullong(let number) = value(name) else { return nil }
    return number
  }

  /// The number of that name in a list that is looked at once, in place: nothing is copied.
  static func int(_ name: StaticString, in list: UnsafeBufferPointer<virTypedParameter>) -> Int32? {
    for index in list.indices {
      guard let parameter = unsafe list.baseAddress?.advanced(by: index), unsafe has(parameter, name) else {
        continue
      }
      return unsafe parameter.pointee.type == Int32(VIR_TYPED_PARAM_INT.rawValue)
        ? parameter.pointee.value.i : nil
    }
    return nil
  }

  /// The name is the parameter's first member.
  private static func has(_ parameter: UnsafePointer<virTypedParameter>, _ name: StaticString) -> Bool {
    let field = unsafe UnsafeRawPointer(parameter).assumingMemoryBound(to: UInt8.self)
    let count = name.utf8CodeUnitCount
    guard count < Int(VIR_TYPED_PARAM_FIELD_LENGTH) else { return false }
    return unsafe memcmp(field, name.utf8Start, count) == 0 && field[count] == 0
  }

  /// The name is a fixed array of 80 characters, ended by a NUL unless full.
  private static func name(of parameter: virTypedParameter) -> String {
    unsafe withUnsafeBytes(of: parameter.field) { field in
      unsafe String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func value(of parameter: virTypedParameter) -> Value {
    switch unsafe UInt32(bitPattern: parameter.type) {
    case VIR_TYPED_PARAM_INT.rawValue: unsafe .int(parameter.value.i)
    case VIR_TYPED_PARAM_UINT.rawValue: unsafe .uint(parameter.value.ui)
    case VIR_TYPED_PARAM_LLONG.rawValue: unsafe .llong(parameter.value.l)
    case VIR_TYPED_PARAM_ULLONG.rawValue: unsafe .ullong(parameter.value.ul)
    case VIR_TYPED_PARAM_STRING.rawValue: unsafe .text(Library.text(parameter.value.s) ?? "")
    default: .other
    }
  }
}
