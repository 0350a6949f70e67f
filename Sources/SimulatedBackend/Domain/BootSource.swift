import CVMCore
import Documents

/// What a guest starts from.
struct BootSource: Equatable {
  enum FirmwareKind: String {
    /// Flash memory: pflash unit 0.
    case pflash
    /// Read-only memory: QEMU's `-bios`.
    case rom
  }

  struct Firmware: Equatable {
    let path: String
    let kind: FirmwareKind
  }

  let firmware: Firmware?
  /// `<os firmware='efi'>`: libvirt is to choose.
  let isFirmwareChosenByHost: Bool
  let hasNVRAM: Bool
  let kernel: String?
  let initrd: String?
  let commandLine: String?

  init(_ document: XMLElement) throws(BackendError) {
    isFirmwareChosenByHost = document.attribute("firmware", at: "os") != nil
    hasNVRAM = document.element(at: "os/nvram") != nil
    kernel = document.text(at: "os/kernel")
    initrd = document.text(at: "os/initrd")
    commandLine = document.text(at: "os/cmdline")
    guard let loader = document.element(at: "os/loader"), !loader.text.isEmpty else {
      firmware = nil
      return
    }
    guard let kind = FirmwareKind(rawValue: loader.attribute("type") ?? "rom") else {
      throw .malformed("invalid value for attribute 'type' in element 'loader'")
    }
    if loader.attribute("stateless") == "yes", hasNVRAM {
      throw .malformed("NVRAM is not permitted when loader is stateless")
    }
    firmware = Firmware(path: loader.text, kind: kind)
  }
}
