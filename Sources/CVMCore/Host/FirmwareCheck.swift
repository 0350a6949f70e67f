import SEV

/// What the firmware images of this machine can carry, from their own tables.
enum FirmwareCheck {
  /// Where distributions put their OVMF builds.
  static let paths = [
    "/usr/share/ovmf/OVMF.amdsev.fd", "/usr/share/OVMF/OVMF.amdsev.fd", "/usr/share/edk2/ovmf/OVMF.amdsev.fd",
    "/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/share/edk2/ovmf/OVMF_CODE.fd",
  ]

  static func run(_ list: inout HostCheckList) {
    var found = false
    for path in paths {
      guard SystemFile.exists(path) else { continue }
      do throws(CoreError) {
        let image = try MeasuredFirmware(file: path).image
        found = true
        list.note(path, .pass, found: abilities(of: image), fix: nil)
      } catch {
        guard case .malformedBytes = error else { continue }
        list.note(path, .warning, found: "damaged firmware table", fix: nil)
      }
    }
    list.add(
      "firmware", found, found: found ? "see above" : "no OVMF image found", fix: "install ovmf",
      required: false)
  }

  private static func abilities(of image: FirmwareImage) -> String {
    var words = ["sev"]
    if image.resetAddress != nil { words.append("sev-es") }
    words.append(image.hashArea == nil ? "no kernel hashes" : "kernel hashes")
    words.append(image.secretArea?.isOffered == true ? "launch secrets" : "no launch secrets")
    return words.joined(separator: ", ")
  }
}
