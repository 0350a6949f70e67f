import Foundation

/// An emulator for `<emulator>` that misbehaves on command: a script in front of what libvirt would have started. It behaves
/// for libvirt's probes and does `fault` only for guests.
package struct ScriptedEmulator: Sendable {
  package enum Fault: Sendable, Equatable {
    case none
    /// Never gets as far as QEMU: libvirt waits for a monitor that nobody serves.
    case hangBeforeExec
    /// Ends at once, with a last word on stderr.
    case refuse(String)
    /// What a lying host does: starts the guest on something else than libvirt was told.
    case replace(String, with: String)
  }

  package let path: String
  private let faultFile: String
  private let directory: ScratchDirectory

  package init(in libvirtd: PrivateLibvirtd, name: String = "scripted") throws {
    directory = libvirtd.directory
    let folder = try directory.makeDirectory(name)
    path = "\(folder)/qemu-system-x86_64"
    faultFile = "\(folder)/fault"
    try directory.write(
      Self.script(libvirtd.emulatorPath, faultFile), to: "\(name)/qemu-system-x86_64", mode: 0o755)
    try set(.none)
  }

  /// What the next guest meets.
  package func set(_ fault: Fault) throws {
    let lines =
      switch fault {
      case .none: ["none", "", ""]
      case .hangBeforeExec: ["hang", "", ""]
      case .refuse(let text): ["refuse", text, ""]
      case .replace(let old, let new): ["replace", old, new]
      }
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: faultFile))
  }

  private static func script(_ emulator: String, _ faultFile: String) -> String {
    """
    #!/bin/bash
    { read -r fault; read -r old; read -r new; } <'\(faultFile)'
    case " $* " in *' -name guest='*) ;; *) fault=none ;; esac
    arguments=("$@")
    case $fault in
      hang) exec sleep 3600 ;;
      refuse) echo "$old" >&2; exit 1 ;;
      replace) arguments=("${arguments[@]//"$old"/"$new"}") ;;
    esac
    exec '\(emulator)' "${arguments[@]}"

    """
  }
}
