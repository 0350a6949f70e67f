import Bytes
import Glibc
import SEV
import Testing

@testable import cvm_qemu

/// A paused guest of a real QEMU under TCG; its firmware is never executed.
final class RunningGuest {
  let bench: Bench
  let qemu: pid_t

  init(_ bench: Bench, policy: UInt32 = 1, object: String = "", extra: [String] = []) throws {
    self.bench = bench
    try bench.write(TestFirmware.image(), "firmware")
    qemu = try bench.start(Self.arguments(bench, policy: policy, object: object, extra: extra))
  }

  /// `object`: more properties, with a comma in front.
  static func arguments(_ bench: Bench, policy: UInt32, object: String = "", extra: [String] = []) -> [String]
  {
    [
      "-name", "guest=\(bench.guest)", "-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-machine",
      "q35,confidential-guest-support=s", "-cpu", "EPYC-Milan", "-m", "64", "-bios",
      "\(bench.directory)/firmware", "-object",
      "sev-guest,id=s,cbitpos=51,reduced-phys-bits=1,policy=\(policy)\(object)", "-qmp",
      "unix:\(bench.socket),server=on,wait=off",
    ] + extra
  }

  func client() throws -> MonitorClient { try MonitorClient(bench.socket) }

  /// A page of QEMU's own view of the guest's RAM.
  func memory(at address: Int, count: Int) throws -> [UInt8] {
    let file = try #require(Self.sharedMemory(of: qemu))
    let number = unsafe open(file, O_RDONLY)
    let memory = Descriptor(owning: number)
    var bytes = [UInt8](repeating: 0, count: count)
    try #require(unsafe pread(memory.number, &bytes, count, off_t(address)) == count)
    return bytes
  }

  private static func sharedMemory(of process: pid_t) -> String? {
    for number in 0..<64 {
      let file = "/proc/\(process)/fd/\(number)"
      var buffer = [CChar](repeating: 0, count: 256)
      guard unsafe readlink(file, &buffer, buffer.count) > 0 else { continue }
      if String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).contains(
        "cvm-guest")
      {
        return file
      }
    }
    return nil
  }

  func measurement(_ client: MonitorClient) throws -> LaunchMeasurement {
    let reply = try client.ask(#"{"execute":"query-sev-launch-measure"}"#)
    let text = JSONObject(parsing: Array(reply.utf8))?.object("return")?.scalar("data")
    return try LaunchMeasurement(parsing: try #require(text.flatMap(Base64.decode)))
  }
}
