import Foundation

/// What the integration tests boot: made once by `Tests/prepare`, copied to where libvirt's QEMU can read it.
package struct GuestImage: Sendable {
  /// The page of the launch secret's area in the firmware, for `cvm.secret=` on the command line.
  package static let secretAddress = 0x80E000
  package static let marker = "CVM-GUEST up"
  package static let done = "CVM-GUEST done"

  package let kernel: String
  package let initrd: String
  /// For pflash.
  package let firmware: String
  /// For `-bios`.
  package let wholeFirmware: String

  /// Copies the image into `directory`.
  package init(in directory: ScratchDirectory) throws {
    let built = "\(Repository.root)/.build/guest"
    guard FileManager.default.fileExists(atPath: "\(built)/OVMF.fd") else {
      throw HarnessError("no guest image: run Tests/prepare (`make test` does)")
    }
    kernel = try directory.copy("\(built)/vmlinuz", as: "vmlinuz")
    initrd = try directory.copy("\(built)/initrd", as: "initrd")
    firmware = try directory.copy("\(built)/OVMF_CODE.fd", as: "OVMF_CODE.fd")
    wholeFirmware = try directory.copy("\(built)/OVMF.fd", as: "OVMF.fd")
  }

  /// The image's kernel with a command line of what it needs and `words`, which steer its /init.
  package func boot(_ words: String...) -> GuestDocument.Boot {
    let line = (["console=ttyS0", "quiet", "panic=-1"] + words).joined(separator: " ")
    return GuestDocument.Boot(kernel: kernel, initrd: initrd, commandLine: line)
  }

  /// Makes the guest print the page of its launch secret.
  package static let printSecret = "cvm.secret=0x80e memmap=4K$0x80e000"
  /// Makes the guest stay up.
  package static let stay = "cvm.stay"
}
