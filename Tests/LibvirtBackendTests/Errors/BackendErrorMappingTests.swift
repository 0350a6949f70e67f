import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("what libvirt's errors mean") struct BackendErrorMappingTests {
  private func act(_ kind: Act.Kind) -> Act {
    Act(name: "act", kind: kind, guest: "web1", uri: "test:///", deadline: .now, seconds: 7)
  }

  private func mapped(_ code: Int, _ kind: Act.Kind, errno: Int32? = nil) -> BackendError {
    let error = LibvirtError(kind: .libvirt(code: code, domain: 10, errno: errno), message: "why")
    return BackendError(error, in: act(kind))
  }

  /// virErrorNumber (virterror.h) outside of connecting.
  static let meanings: [(Shape, [Int])] = [
    (.invalidDefinition, [27, 35, 92]), (.permission, [29, 88]), (.guestNotFound, [42]),
    (.conflict, [55, 78, 87]), (.timeout, [68]), (.unsupported, [3, 8, 67, 84, 91]),
    (.unreachable, [40, 45, 79, 85, 94, 98]),
  ]

  @Test(arguments: meanings) func `have one meaning in every act`(_ shape: Shape, _ codes: [Int]) {
    for code in codes {
      for kind in [Act.Kind.question, .definition, .launch, .change] {
        #expect(Shape(mapped(code, kind)) == shape, "code \(code)")
      }
    }
  }

  @Test func `carry the guest, or the reason`() {
    #expect(mapped(42, .question) == .guestNotFound("web1"))
    #expect(mapped(55, .change) == .conflict(reason: "why"))
    #expect(mapped(40, .change) == .unreachable(uri: "test:///", reason: "why"))
  }

  @Test(arguments: [0, 1, 9, 38, 39, 43, 49, 86, 110, 5000, -1])
  func `without a meaning of their own end a launch, or fail the act`(_ code: Int) {
    #expect(mapped(code, .launch) == .launchFailed(reason: "why", status: nil))
    #expect(mapped(code, .question) == .failed(operation: "act", reason: "why"))
    #expect(mapped(code, .change) == .failed(operation: "act", reason: "why"))
  }

  @Test func `a taken name is a conflict only in a definition`() {
    #expect(Shape(mapped(9, .definition)) == .conflict)
    #expect(Shape(mapped(9, .change)) == .failed)
    #expect(Shape(mapped(1, .definition)) == .failed)
  }

  @Test func `while connecting only permission and support are told apart`() {
    for code in [29, 88] { #expect(Shape(mapped(code, .connect)) == .permission) }
    for errno in [1, 13] as [Int32] { #expect(Shape(mapped(38, .connect, errno: errno)) == .permission) }
    #expect(Shape(mapped(3, .connect)) == .unsupported)
    for code in [1, 5, 27, 38, 39, 42, 45, 98] { #expect(Shape(mapped(code, .connect)) == .unreachable) }
    #expect(Shape(mapped(38, .connect, errno: 111)) == .unreachable)
    #expect(Shape(mapped(1, .connect, errno: 13)) == .unreachable)
  }

  static let own: [(LibvirtError.Kind, Act.Kind, Shape)] = [
    (.connectionLost, .question, .unreachable), (.library, .connect, .unsupported),
    (.argument, .connect, .unsupported), (.argument, .definition, .invalidDefinition),
    (.argument, .launch, .invalidDefinition), (.argument, .question, .failed),
    (.answer, .launch, .launchFailed), (.answer, .question, .failed),
    (.leftBehind, .launch, .outcomeUnknown), (.thread, .change, .failed),
  ]

  @Test(arguments: own)
  func `of our own have theirs`(_ kind: LibvirtError.Kind, _ actKind: Act.Kind, _ shape: Shape) {
    #expect(Shape(BackendError(LibvirtError(kind: kind, message: "why"), in: act(actKind))) == shape)
  }

  @Test func `the AMD-SP's status comes with a failed launch`() {
    let error = LibvirtError(
      kind: .libvirt(code: 1, domain: 10, errno: nil),
      message: "internal error: process exited while connecting to monitor: qemu-system-x86_64: "
        + "sev_launch_start: LAUNCH_START ret=1 fw_error=11 'Bad measurement'")
    #expect(BackendError(error, in: act(.launch)) == .launchFailed(reason: error.message, status: 11))
  }
}

@Suite("the firmware status in QEMU's text") struct FirmwareStatusTextTests {
  @Test func `is the number after its label`() {
    #expect(FirmwareStatusText.status(in: "ret=-5 fw_error=0 ''") == 0)
    #expect(FirmwareStatusText.status(in: "fw_error=4294967295") == .max)
    #expect(FirmwareStatusText.status(in: "fw_error=7fw_error=8") == 7)
  }

  @Test(arguments: [
    "", "fw_error", "fw_error=", "fw_error=x", "fw_error=-1", "fw_error=+1", "fw_error=4294967296",
    "fw_error=99999999999999999999999", "fw_error=\u{661}",
  ])
  func `is none where there is no number of 32 bits`(_ text: String) {
    #expect(FirmwareStatusText.status(in: text) == nil)
  }
}
