import Bytes
import Documents

/// Replies in the shape of QEMU's, with its line end; `id` is the command's, echoed.
enum MonitorReply {
  static func success(_ value: Value, id: Value?) -> [UInt8] { line(.members(["return": value]), id) }

  static func failure(_ refusal: MonitorRefusal, id: Value?) -> [UInt8] {
    let error = Value.members(["class": .string("GenericError"), "desc": .string(refusal.text)])
    return line(.members(["error": error]), id)
  }

  private static func line(_ reply: Value, _ id: Value?) -> [UInt8] {
    var object = JSONObject(reply.members ?? [])
    object["id"] = id
    return Array((object.text + "\r\n").utf8)
  }
}

extension SEVCapabilities {
  var value: Value {
    .members([
      "pdh": .string(Base64.encode(pdh)), "cert-chain": .string(Base64.encode(certificateChain)),
      "cpu0-id": .string(Base64.encode(cpu0ID)), "cbitpos": Value(cBitPosition),
      "reduced-phys-bits": Value(reducedPhysBits),
    ])
  }
}

extension SEVStatus {
  /// QEMU 7.2's members; QEMU 9.1 and later also say which kind of SEV it is.
  func value(qemu version: QEMUVersion?) -> Value {
    var object = JSONObject()
    object["enabled"] = .bool(true)
    object["api-major"] = Value(apiMajor)
    object["api-minor"] = Value(apiMinor)
    object["build-id"] = Value(build)
    object["state"] = .string(state)
    if let version, version >= QEMUVersion.sevType { object["sev-type"] = .string("sev") }
    object["policy"] = Value(policy)
    object["handle"] = Value(handle)
    return object.value
  }

  /// What the human monitor prints for `info sev`, in QEMU 7.2's order and in that from 9.1 on; it ends lines with
  /// CR LF.
  func humanText(qemu version: QEMUVersion?) -> String {
    let firmware = ["state: \(state)", "build: \(build)", "api version: \(apiMajor).\(apiMinor)"]
    let flags = [
      "debug: \(allowsDebugging ? "on" : "off")", "key-sharing: \(allowsKeySharing ? "on" : "off")",
    ]
    let saysType = version.map { $0 >= QEMUVersion.sevType } ?? false
    let lines =
      saysType
      ? ["SEV type: sev"] + firmware + ["handle: \(handle)"] + flags
      : ["handle: \(handle)"] + firmware + flags
    return lines.map { $0 + "\r\n" }.joined()
  }
}
