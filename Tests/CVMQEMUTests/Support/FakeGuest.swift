@testable import cvm_qemu

/// Answers like an AMD-SP, and remembers what it was asked to do.
final class FakeGuest: GuestAnswers {
  var isES = false
  var state = "launch-secret"
  var refusal: MonitorRefusal?
  var acts: [String] = []

  func capabilities() throws(MonitorRefusal) -> SEVCapabilities {
    SEVCapabilities(pdh: [1, 2], certificateChain: [3], cpu0ID: [4], cBitPosition: 51, reducedPhysBits: 1)
  }

  func status() throws(MonitorRefusal) -> SEVStatus {
    SEVStatus(apiMajor: 1, apiMinor: 55, build: 21, policy: 3, state: state, handle: 1)
  }

  func measurement() throws(MonitorRefusal) -> [UInt8] { [UInt8](repeating: 0, count: 48) }

  func inject(header: [UInt8], secret: [UInt8], at address: UInt64?) throws(MonitorRefusal) {
    if let refusal { throw refusal }
    acts.append("inject \(header) \(secret) \(address.map(String.init) ?? "-")")
  }

  func report(nonce: [UInt8]) throws(MonitorRefusal) -> [UInt8] { nonce }

  func finish() throws(MonitorRefusal) {
    if let refusal { throw refusal }
    acts.append("finish")
    state = "running"
  }
}
