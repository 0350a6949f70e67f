/// Domain XML of a test's guest, as small as libvirt takes it.
package struct GuestDocument: Sendable {
  package enum Firmware: Sendable {
    /// QEMU's own SeaBIOS.
    case none
    case pflash(String)
    case rom(String)
  }

  package struct Boot: Sendable {
    package var kernel: String
    package var initrd: String
    package var commandLine: String

    package init(kernel: String, initrd: String, commandLine: String) {
      self.kernel = kernel
      self.initrd = initrd
      self.commandLine = commandLine
    }
  }

  package var name: String
  /// Nil: libvirt makes one.
  package var uuid: String?
  package var emulator: String
  package var firmware = Firmware.none
  /// Nil: nothing to boot.
  package var boot: Boot?
  /// The file that the serial console writes; nil: no serial port.
  package var serial: String?
  package var memoryMiB = 256
  package var vcpus = 1
  package var cpu = "EPYC-Milan"
  /// The policy of a SEV or SEV-ES launch; nil: a plain guest.
  package var policy: UInt32?
  package var kernelHashes = false
  /// The guest owner's certificate and launch blob, in base64; nil: a launch that nobody can attest.
  package var session: (certificate: String, blob: String)?

  package init(name: String, emulator: String) {
    self.name = name
    self.emulator = emulator
  }

  package var xml: String {
    """
    <domain type='qemu'>
      <name>\(Self.escaped(name))</name>
      \(uuid.map { "<uuid>\($0)</uuid>" } ?? "")
      <memory unit='MiB'>\(memoryMiB)</memory>
      <vcpu>\(vcpus)</vcpu>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        \(loader)
        \(direct)
      </os>
      <features><acpi/></features>
      <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>\(cpu)</model></cpu>
      <on_reboot>destroy</on_reboot>
      <devices>
        <emulator>\(Self.escaped(emulator))</emulator>
        \(serial.map { "<serial type='file'><source path='\(Self.escaped($0))'/></serial>" } ?? "")
        <controller type='usb' model='none'/>
        <memballoon model='none'/>
      </devices>
      \(security)
    </domain>
    """
  }

  /// For element content and for attributes in either kind of quotes.
  package static func escaped(_ text: String) -> String {
    let names: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", "\"": "&quot;"]
    return text.map { names[$0] ?? String($0) }.joined()
  }

  /// As libvirt writes a policy: `0x0003`.
  private static func number(_ policy: UInt32) -> String {
    let digits = String(policy, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  private var loader: String {
    switch firmware {
    case .none: ""
    case .pflash(let path):
      "<loader readonly='yes' type='pflash' stateless='yes'>\(Self.escaped(path))</loader>"
    case .rom(let path): "<loader type='rom'>\(Self.escaped(path))</loader>"
    }
  }

  private var direct: String {
    guard let boot else { return "" }
    return """
      <kernel>\(Self.escaped(boot.kernel))</kernel><initrd>\(Self.escaped(boot.initrd))</initrd>\
      <cmdline>\(Self.escaped(boot.commandLine))</cmdline>
      """
  }

  private var security: String {
    guard let policy else { return "" }
    let hashes = kernelHashes ? " kernelHashes='yes'" : ""
    let secrets =
      session.map { "<dhCert>\($0.certificate)</dhCert><session>\($0.blob)</session>" } ?? ""
    return """
      <launchSecurity type='sev'\(hashes)><policy>\(Self.number(policy))</policy>\(secrets)</launchSecurity>
      """
  }
}
