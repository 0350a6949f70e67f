/// A domain document for tests, with the parts that matter here.
struct Document {
  var name = "web1"
  var uuid = "8f0752f4-4131-437c-b071-12cbe79d4e3c"
  var memory = "<memory unit='MiB'>256</memory>"
  var vcpus = 1
  var loader = "<loader readonly='yes' type='pflash' stateless='yes'>/none</loader>"
  var kernel = ""
  var cpu = "<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>"
  var onReboot = ""
  var security: String? = "<policy>0x0003</policy>"
  var kernelHashes = ""

  func callAsFunction() -> String {
    let security = security.map {
      "<launchSecurity type='sev'\(kernelHashes)>\($0)</launchSecurity>"
    }
    return """
      <domain type='qemu'>
        <name>\(name)</name>\(uuid.isEmpty ? "" : "<uuid>\(uuid)</uuid>")
        \(memory)<vcpu>\(vcpus)</vcpu>
        <os><type arch='x86_64' machine='q35'>hvm</type>\(loader)\(kernel)</os>
        <features><acpi/></features>
        \(cpu)\(onReboot)
        <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
        \(security ?? "")
      </domain>
      """
  }
}
