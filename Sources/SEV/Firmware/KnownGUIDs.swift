package import Bytes

extension GUID {
  /// A GUID spelled in the source. Stops the program for a misspelt one, which the first test run shows.
  init(constant text: StaticString) {
    guard let guid = GUID(String(describing: text)) else {
      preconditionFailure("a misspelt GUID in the source")
    }
    self = guid
  }

  /// Firmware table: where the processors besides the first start (SEV-ES reset block).
  package static let resetBlock = GUID(constant: "00f771de-1a7e-4fcb-890e-68c77e2fb44e")
  /// Firmware table: where QEMU puts the kernel hashes.
  package static let kernelHashArea = GUID(constant: "7255371f-3a3b-4b04-927b-1da6efa8d454")
  /// Firmware table: where launch secrets go.
  package static let launchSecretArea = GUID(constant: "4c2eb361-7d9b-4cc3-8081-127c90d3d294")
  /// Firmware table: the SEV metadata, which a SEV-SNP launch needs.
  package static let sevMetadata = GUID(constant: "dc886566-984a-4798-a75e-5585a7bf67cc")
  /// Table of an SVSM image: where its processors start.
  package static let svsmInfo = GUID(constant: "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd")
}
