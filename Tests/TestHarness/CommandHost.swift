import Foundation

/// A host as cvmctl drives it: a state directory of its own, files that the host can read, and the tool bound to both. The two
/// kinds look alike from here.
package final class CommandHost: Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case libvirt, simulated
  }

  package let kind: Kind
  package let uri: String
  /// `cvmctl --state-dir … --connect …`.
  package let cvmctl: Tool
  package let state: String
  /// Files for the host; its QEMU can reach them.
  package let directory: ScratchDirectory
  package let image: GuestImage
  /// For `<emulator>`.
  package let emulator: String
  package let libvirtd: PrivateLibvirtd?

  package init(_ kind: Kind) throws {
    self.kind = kind
    directory = try ScratchDirectory()
    state = directory.file("state")
    image = try GuestImage(in: directory)
    switch kind {
    case .libvirt:
      let libvirtd = try PrivateLibvirtd(.wrapper)
      self.libvirtd = libvirtd
      uri = libvirtd.uri
      emulator = libvirtd.emulatorPath
    case .simulated:
      libvirtd = nil
      uri = "sim:///"
      emulator = "/usr/bin/qemu-system-x86_64"
    }
    cvmctl = Tool.cvmctl(uri, state: state)
    if let libvirtd {
      // The first look at the platform makes it; then its owner imports what AMD's key server would give for hardware.
      try cvmctl.succeed("nodesevinfo")
      try cvmctl.succeed(
        "host", "certs", "import", "--allow-simulated", "--cek", libvirtd.platform + "/cek.cert", "--ca",
        libvirtd.platform + "/ask_ark.cert")
    }
  }

  /// A guest that boots the image to its marker, measured as `policy` says.
  package func document(_ name: String, policy: UInt32?, vcpus: Int = 1, words: String...) -> GuestDocument {
    var document = GuestDocument(name: name, emulator: emulator)
    document.firmware = .pflash(image.firmware)
    document.boot = image.boot(words.joined(separator: " "))
    document.policy = policy
    document.kernelHashes = policy != nil
    document.vcpus = vcpus
    return document
  }

  package func define(_ document: GuestDocument) throws {
    let file = try directory.write(document.xml, to: "\(UInt32.random(in: 0 ... .max)).xml")
    try cvmctl.succeed("define", file)
  }

  /// The record of the guest's latest launch.
  package func record(_ guest: String) throws -> JSONObject {
    try cvmctl.succeed("-o", "json", "launch", "show", guest).object()
  }
}
