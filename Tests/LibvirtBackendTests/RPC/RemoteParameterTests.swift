import Bytes
import Testing

@testable import LibvirtBackend

@Suite("typed parameters on the wire") struct RemoteParameterTests {
  private func parsed(_ type: UInt32, _ value: [UInt8]) throws(FormatError) -> TypedParameters.Value {
    let bytes = xdr {
      $0.string("name")
      $0.unsigned(type)
      $0.opaque(value)
    }
    var reader = XDRReader(bytes, format: "parameter")
    let parameter = try RemoteParameter(parsing: &reader)
    try reader.finish()
    return parameter.value
  }

  @Test func `have libvirt's types`() throws {
    let ones = [UInt8](repeating: 0xFF, count: 8)
    #expect(try parsed(1, Array(ones.prefix(4))) == .int(-1))
    #expect(try parsed(2, Array(ones.prefix(4))) == .uint(.max))
    #expect(try parsed(3, ones) == .llong(-1))
    #expect(try parsed(4, ones) == .ullong(.max))
    #expect(try parsed(5, ones) == .other)
    #expect(try parsed(6, [0, 0, 0, 1]) == .other)
    #expect(try parsed(7, xdr { $0.string("text") }) == .text("text"))
  }

  @Test(arguments: [0, 8, .max] as [UInt32]) func `of another type are refused`(_ type: UInt32) {
    #expect(throws: FormatError.self) { try parsed(type, [0, 0, 0, 0]) }
  }

  @Test(arguments: 1...7 as ClosedRange<UInt32>) func `are whole`(_ type: UInt32) {
    #expect(throws: FormatError.self) { try parsed(type, []) }
  }
}
