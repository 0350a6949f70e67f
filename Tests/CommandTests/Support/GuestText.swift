/// A guest file, as small as it can be.
struct GuestText {
  var name: String
  /// What stands under `launch:`; nil: a guest without launch security.
  var launch: String? = "{type: sev}"
  var firmware: String? = GuestText.ovmf
  var memory = "64MiB"
  /// Further lines.
  var more: [String] = []

  /// Debian's own build: it names neither a hash area nor a secret area.
  static let ovmf = "/usr/share/OVMF/OVMF_CODE.fd"

  init(_ name: String, launch: String? = "{type: sev}", firmware: String? = ovmf, more: String...) {
    self.name = name
    self.launch = launch
    self.firmware = firmware
    self.more = more
  }

  var yaml: String {
    var lines = ["name: \(name)", "virt: qemu", "memory: \(memory)", "cpu: EPYC-Milan"]
    if let firmware { lines.append("firmware: \(firmware)") }
    if let launch { lines.append("launch: \(launch)") }
    return (lines + more).joined(separator: "\n") + "\n"
  }
}
