import CVMCrypto
import SEV
import Testing

/// Kernel, initial RAM disk and command line of the worked digests.
let exampleKernel = Array("kernel\n".utf8)
let exampleInitrd = Array("initrd\n".utf8)
let exampleCommandLine = "console=ttyS0 root=/dev/vda1"

@Suite struct KernelHashesTests {
  // Worked example of the launch digests, recomputed independently.
  @Test func `the table has the expected hash`() throws {
    let hashes = try KernelHashes(
      kernel: exampleKernel, initrd: exampleInitrd, commandLine: exampleCommandLine)
    #expect(hashes.table.count == 176)
    #expect(
      try SHA256.hash(hashes.table)
        == hex("ec2f55f4f2d30242f703d13a3ba2edcd3c02971b687d5d98e30e30d0c84763c1"))
  }

  @Test func `digests in place of files give the same table`() throws {
    let fromFiles = try KernelHashes(
      kernel: exampleKernel, initrd: exampleInitrd, commandLine: exampleCommandLine)
    let fromDigests = try KernelHashes(
      kernelDigest: SHA256.hash(exampleKernel), initrdDigest: SHA256.hash(exampleInitrd),
      commandLineDigest: SHA256.hash(Array(exampleCommandLine.utf8) + [0]))
    #expect(fromDigests == fromFiles)
  }

  @Test func `no initrd is the hash of nothing, no command line the hash of one NUL`() throws {
    let hashes = try KernelHashes(kernel: exampleKernel, initrd: nil, commandLine: nil)
    #expect(hashes.initrd == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    #expect(hashes.commandLine == hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"))
    #expect(
      try hashes
        == KernelHashes(
          kernelDigest: SHA256.hash(exampleKernel), initrdDigest: nil, commandLineDigest: nil))
    #expect(try hashes == KernelHashes(kernel: exampleKernel, initrd: [], commandLine: ""))
  }

  @Test func `a digest of another length or a NUL inside is refused`() {
    #expect(throws: CryptoError.self) {
      try KernelHashes(kernelDigest: [1, 2, 3], initrdDigest: nil, commandLineDigest: nil)
    }
    #expect(throws: CryptoError.self) {
      try KernelHashes(kernel: [], initrd: nil, commandLine: "quiet\0init=/bin/sh")
    }
  }
}
