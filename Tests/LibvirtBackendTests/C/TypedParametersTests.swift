import CLibvirt
import Testing

@testable import LibvirtBackend

@Suite("typed parameters") struct TypedParametersTests {
  private func parameter(_ name: String, _ type: virTypedParameterType) -> virTypedParameter {
    var parameter = unsafe virTypedParameter()
    unsafe parameter.type = Int32(type.rawValue)
    unsafe withUnsafeMutableBytes(of: &parameter.field) { field in
      unsafe field.copyBytes(from: Array(name.utf8).prefix(field.count))
    }
    return unsafe parameter
  }

  private func read(_ list: [virTypedParameter]) -> TypedParameters {
    unsafe list.withUnsafeBufferPointer {
      unsafe TypedParameters(copying: $0.baseAddress, count: Int32($0.count))
    }
  }

  @Test func `are found by name and only under their own type`() {
    var list = unsafe [
      parameter("i", VIR_TYPED_PARAM_INT), parameter("u", VIR_TYPED_PARAM_UINT),
      parameter("l", VIR_TYPED_PARAM_LLONG), parameter("q", VIR_TYPED_PARAM_ULLONG),
    ]
    unsafe list[0].value.i = -1
    unsafe list[1].value.ui = .max
    unsafe list[2].value.l = .min
    unsafe list[3].value.ul = .max
    let read = unsafe read(list)
    #expect(read.int("i") == -1)
    #expect(read.uint("u") == .max)
    #expect(read.value("l") == .llong(.min))
    #expect(read.ullong("q") == .max)
    #expect(read.uint("i") == nil)
    #expect(read.ullong("u") == nil)
    #expect(read.text("q") == nil)
    #expect(read.uint("absent") == nil)
  }

  @Test func `a text is copied and what is not UTF-8 is repaired`() {
    let bytes: [CChar] = [0x61, -1, 0x62, 0]
    unsafe bytes.withUnsafeBufferPointer { bytes in
      var text = unsafe parameter("text", VIR_TYPED_PARAM_STRING)
      unsafe text.value.s = UnsafeMutablePointer(mutating: bytes.baseAddress)
      #expect(unsafe read([text]).text("text") == "a\u{FFFD}b")
    }
  }

  @Test func `a text that is NULL is empty`() {
    #expect(unsafe read([parameter("text", VIR_TYPED_PARAM_STRING)]).text("text") == "")
  }

  @Test func `a name that fills its 80 characters without an end is read as it is`() {
    let name = String(repeating: "n", count: Int(VIR_TYPED_PARAM_FIELD_LENGTH))
    #expect(unsafe read([parameter(name, VIR_TYPED_PARAM_UINT)]).uint(name) == 0)
  }

  @Test func `kinds that nobody knows are kept apart`() {
    var strange = unsafe parameter("strange", VIR_TYPED_PARAM_DOUBLE)
    #expect(unsafe read([strange]).value("strange") == .other)
    unsafe strange.type = -5
    #expect(unsafe read([strange]).value("strange") == .other)
  }

  @Test func `none, and a count that is none, are empty`() {
    #expect(unsafe TypedParameters(copying: nil, count: 3).isEmpty)
    #expect(unsafe read([]).isEmpty)
    var one = unsafe parameter("one", VIR_TYPED_PARAM_UINT)
    #expect(unsafe TypedParameters(copying: &one, count: -1).isEmpty)
  }
}
