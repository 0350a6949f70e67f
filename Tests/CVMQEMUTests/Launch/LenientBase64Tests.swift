import Bytes
import Testing

@testable import cvm_qemu

@Suite("Lenient Base64") struct LenientBase64Tests {
  @Test(arguments: 0...65) func `reads what is strict`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    #expect(LenientBase64.decode(Base64.encode(bytes).utf8) == bytes)
  }

  // The results are those of glib 2.74's g_base64_decode.
  @Test(arguments: [
    ("aGVs\nbG8=\n", "hello"), (" a G V s - b _ G 8 = ", "hello"), ("aGVsbG8", "hel"), ("aGVsbA==", "hell"),
    ("", ""), ("!!!!", ""), ("aGVsbG8=aGVsbG8=", "hellohello"),
  ]) func `skips what is foreign, drops what is unfinished`(_ text: String, _ result: String) {
    #expect(String(decoding: LenientBase64.decode(text.utf8), as: UTF8.self) == result)
  }
}
