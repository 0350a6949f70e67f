/// The kinds of launch security, by libvirt's and the command line's words.
package enum LaunchType: String, Codable, CaseIterable, Equatable, Sendable {
  case sev
  case sevES = "sev-es"
  case sevSNP = "sev-snp"

  /// The type attribute of libvirt's `<launchSecurity>`; SEV-ES is `sev` with the ES policy bit.
  package var libvirtType: String { self == .sevSNP ? "sev-snp" : "sev" }
}
