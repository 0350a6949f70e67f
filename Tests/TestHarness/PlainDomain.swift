/// Domain XML of a guest without launch security, as small as libvirt takes it.
package struct PlainDomain: Sendable {
  package enum Firmware: Sendable {
    /// QEMU's own SeaBIOS.
    case none
    case pflash(String)
    case rom(String)
  }

  package var name: String
  package var emulator: String
  package var firmware = Firmware.none
  /// Kernel, initrd, command line; nil: nothing to boot.
  package var boot: (kernel: String, initrd: String, commandLine: String)?
  /// The file that the serial console writes; nil: no serial port.
  package var serial: String?
  package var memoryMiB = 256

  package init(name: String, emulator: String) {
    self.name = name
    self.emulator = emulator
  }

  package var xml: String {
    """
    <domain type='qemu'>
      <name>\(name)</name>
      <memory unit='MiB'>\(memoryMiB)</memory>
      <vcpu>1</vcpu>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        \(loader)
        \(direct)
      </os>
      <features><acpi/></features>
      <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
      <on_reboot>destroy</on_reboot>
      <devices>
        <emulator>\(emulator)</emulator>
        \(serial.map { "<serial type='file'><source path='\($0)'/></serial>" } ?? "")
        <controller type='usb' model='none'/>
        <memballoon model='none'/>
      </devices>
    </domain>
    """
  }

  private var loader: String {
    switch firmware {
    case .none: ""
    case .pflash(let path): "<loader readonly='yes' type='pflash' stateless='yes'>\(path)</loader>"
    case .rom(let path): "<loader type='rom'>\(path)</loader>"
    }
  }

  private var direct: String {
    boot.map {
      "<kernel>\($0.kernel)</kernel><initrd>\($0.initrd)</initrd><cmdline>\($0.commandLine)</cmdline>"
    } ?? ""
  }
}
