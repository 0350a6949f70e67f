import Foundation
import TestHarness
import Testing

/// A command line on which sev-snp-measure 0.0.13 is wrong, and what we make of it.
struct OracleFault: CustomTestStringConvertible, Sendable {
  enum Ours: Sendable {
    /// Refused with this exit status.
    case refused(Int32)
    /// Measured, with another digest.
    case digest
  }

  let reason: String
  /// Whether the peer prints a digest all the same.
  var isMeasuredByPeer = true
  let ours: Ours
  var image = MeasuredImage()
  var options: [String] = []
  var mode = "snp"
  var vcpus = 1
  var withKernel = false

  var testDescription: String { reason }

  func words(_ directory: ScratchDirectory) throws -> [String] {
    var words = [
      "--mode", mode, "--ovmf", try directory.write(image.data, to: "faulty.fd"), "--vcpus", "\(vcpus)",
    ]
    if withKernel { words += ["--kernel", try directory.write("kernel\n", to: "kernel")] }
    if mode == "snp:svsm" {
      let svsm = MeasuredImage(sections: [.init(base: 0, type: 1)], svsmEntry: 0)
      words += ["--svsm", try directory.write(svsm.data, to: "svsm"), "--vars-size", "4096"]
    }
    return words + (options.contains("--vcpu-sig") ? [] : ["--vcpu-type", "EPYC-v4"]) + options
  }

  private static func sections(_ change: (inout [MeasuredImage.Section]) -> Void) -> MeasuredImage {
    MeasuredImage().changing { change(&$0.sections) }
  }

  static let all: [OracleFault] = [
    OracleFault(
      reason: "QEMU launches no SEV-SNP guest from a firmware without SEV metadata", ours: .refused(5),
      image: MeasuredImage().changing { $0.hasMetadata = false }),
    OracleFault(
      reason: "KVM loads no section without a page", ours: .refused(2), image: sections { $0[0].size = 0 }),
    OracleFault(
      reason: "a secrets section of two pages is not loaded as one", ours: .refused(2),
      image: sections {
        $0[2].size = 0x2000; $0[3].base = 0x90_0000
      }),
    OracleFault(
      reason: "a CPUID section of two pages is not loaded as one", ours: .refused(2),
      image: sections {
        $0[3].size = 0x2000; $0[4].base = 0x90_0000
      }),
    OracleFault(
      reason: "no page is loaded twice", ours: .refused(2), image: sections { $0[4].base = 0x80_1000 }),
    OracleFault(
      reason: "an address within a page is no page's", ours: .refused(2), image: sections { $0[2].base += 8 }),
    OracleFault(
      reason: "a section ends within 4 GiB", ours: .refused(2),
      image: sections { $0[6] = .init(base: 0xFFFF_F000, size: 0x2000, type: 1) }),
    OracleFault(
      reason: "the firmware lies where a section wants to be", ours: .refused(5),
      image: sections { $0[6] = .init(base: 0xFFFF_F000, type: 1) }),
    OracleFault(
      reason: "a table larger than its image is damaged", ours: .refused(2),
      image: MeasuredImage().changing { $0.excess = 0xF000 }),
    OracleFault(
      reason: "an area for kernel hashes at (0, 0) is none", ours: .refused(5),
      image: MeasuredImage().changing { $0.hashArea = (0, 0) }, withKernel: true),
    OracleFault(
      reason: "an area for kernel hashes that is too small for them", ours: .refused(5),
      image: MeasuredImage().changing { $0.hashArea = (0x81_0C00, 175) }, withKernel: true),
    OracleFault(
      reason: "SEV-ES has sev_features too, when the host's kernel sets DebugSwap", ours: .digest,
      options: ["--guest-features", "0x20"], mode: "seves"),
    OracleFault(
      reason: "QEMU launches no SEV-ES guest whose reset address is 0", ours: .refused(5),
      image: MeasuredImage().changing { $0.resetAddress = 0 }, mode: "seves"),
    OracleFault(
      reason: "KVM's first init of SEV-ES sets other floating-point registers", ours: .digest, mode: "seves"),
    OracleFault(
      reason: "a SEV-ES guest has a vCPU; the peer measures it as plain SEV", ours: .refused(2),
      mode: "seves",
      vcpus: 0),
    OracleFault(reason: "a SEV-SNP guest has a vCPU", ours: .refused(2), vcpus: 0),
    OracleFault(
      reason: "an SVSM's features are fixed; others are ignored in silence", ours: .refused(2),
      options: ["--guest-features", "0x21"], mode: "snp:svsm"),
    OracleFault(
      reason: "an SVSM takes no kernel hashes; a kernel is ignored in silence", ours: .refused(2),
      mode: "snp:svsm", withKernel: true),
    OracleFault(
      reason: "0 is a CPU signature like any other", isMeasuredByPeer: false, ours: .digest,
      options: ["--vcpu-sig", "0"]),
  ]
}
