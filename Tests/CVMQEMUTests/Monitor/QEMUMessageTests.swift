import Testing

@testable import cvm_qemu

@Suite("Messages of QEMU") struct QEMUMessageTests {
  @Test(
    arguments: [
      (#"{"return": {}, "id": "libvirt-1"}"#, .reply), (#"{"id": 1, "error": {"class": "x"}}"#, .reply),
      (#"{"timestamp": {"seconds": 1, "return": 2}, "event": "RESUME"}"#, .event),
      (#"{"id": {"return": 1}, "event": "X"}"#, .event), (#"{"id": "return", "event": "X"}"#, .event),
      (#"{"QMP": {"version": {}}}"#, .greeting), (#"{"id": "a\"", "return": 1}"#, .reply), ("[]", .unknown),
      ("{}", .unknown), (#"["return"]"#, .unknown), (#"{"other": ["return", {"event": 1}]}"#, .unknown),
    ] as [(String, QEMUMessage)])
  func `are told by their outermost members`(_ text: String, _ kind: QEMUMessage) {
    #expect(QEMUMessage(Array(text.utf8)) == kind)
  }

  @Test func `the greeting tells the version`() {
    let greeting =
      #"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}"#
    #expect(QEMUVersion(greeting: Array(greeting.utf8)) == QEMUVersion(7, 2))
    #expect(QEMUVersion(greeting: Array("{\"QMP\": {}}".utf8)) == nil)
  }

  @Test func `the banner tells the version`() {
    #expect(
      QEMUVersion(banner: "QEMU emulator version 10.0.2 (Debian 1:10.0.2)\nCopyright") == QEMUVersion(10, 0))
    #expect(QEMUVersion(banner: "QEMU emulator version 9.1") == QEMUVersion(9, 1))
    for text in ["", "version", "version x.y", "QEMU 7.2"] { #expect(QEMUVersion(banner: text) == nil) }
    #expect(QEMUVersion(9, 1) < QEMUVersion(10, 0))
  }
}
