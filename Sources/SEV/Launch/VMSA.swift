internal import Bytes

/// Which of KVM's two initialisations made a guest: they set two registers differently, and both give
/// valid launches.
package enum VMSAGeneration: String, Sendable, CaseIterable {
  /// KVM_SEV_ES_INIT: MXCSR and the x87 control word are 0. What QEMU's `sev-guest` launches unless told
  /// otherwise.
  case initial = "init"
  /// KVM_SEV_INIT2, and SEV-SNP: MXCSR is 0x1F80, the x87 control word 0x37F.
  case init2

  package var other: VMSAGeneration { self == .initial ? .init2 : .initial }
}

/// The initial register state of a vCPU, as QEMU and KVM hand it to the firmware: one page, everything
/// not listed zero. Little-endian. A segment is selector (2), attributes (2), limit (4), base (8).
/// Source: AMD64 Architecture Programmer's Manual volume 2, table B-4; values: QEMU, target/i386/cpu.c
/// and kvm/.
///
/// | offset                | field        | value                                         |
/// |-----------------------|--------------|-----------------------------------------------|
/// | 0x000 0x030           | es ds        | attributes 0x93, limit 0xFFFF                 |
/// | 0x020 0x040 0x050     | ss fs gs     | the same                                      |
/// | 0x010                 | cs           | selector 0xF000, attributes 0x9B, limit       |
/// |                       |              | 0xFFFF, base = start & 0xFFFF0000             |
/// | 0x060 0x080           | gdtr idtr    | limit 0xFFFF                                  |
/// | 0x070                 | ldtr         | attributes 0x82, limit 0xFFFF                 |
/// | 0x090                 | tr           | attributes 0x8B, limit 0xFFFF                 |
/// | 0x0D0                 | efer         | 0x1000                                        |
/// | 0x148 0x158           | cr4 cr0      | 0x40, 0x10                                    |
/// | 0x160 0x168           | dr7 dr6      | 0x400, 0xFFFF0FF0                             |
/// | 0x170 0x178           | rflags rip   | 2, start & 0xFFFF                             |
/// | 0x268                 | g_pat        | 0x0007040600070406                            |
/// | 0x310                 | rdx          | CPU signature                                 |
/// | 0x3B0                 | sev_features | SEV-ES: 0; SEV-SNP: the guest's features      |
/// | 0x3E8                 | xcr0         | 1                                             |
/// | 0x408 (4) 0x410 (2)   | mxcsr, fcw   | by generation                                 |
///
/// EC2: cs 0x9A on the first vCPU, ss 0x92, tr 0x83, rdx 0x600, mxcsr and fcw 0. GCE: g_pat 0x70106, rdx 0x600, mxcsr and
/// fcw 0. An SVSM starts every vCPU in 32-bit mode: flat segments (cs 8, data 16), cr0 0x11, the whole address in rip, mxcsr
/// 0x1F80 and fcw 0, sev_features 1. Source of these three: sev-snp-measure 0.0.13.
package enum VMSA {
  /// Bytes of a page.
  package static let size = 4096
  /// The most vCPUs that a guest can have under KVM.
  package static let vcpuLimit = 4096

  /// The page of one vCPU. vCPU 0 starts at the reset vector, every other one at `resetAddress`.
  package static func page(
    vcpu: Int, resetAddress: UInt32, signature: CPUSignature, generation: VMSAGeneration,
    features: UInt64 = 0,
    vmm: VMM = .qemu
  ) -> [UInt8] {
    let start: UInt32 = vcpu == 0 ? 0xFFFF_FFF0 : resetAddress
    return page(
      segments(start) + registers(start, signature, features)
        + (vmm == .qemu ? floatingPoint(generation) : provider(vmm, isFirst: vcpu == 0)))
  }

  /// The page of every vCPU under an SVSM that starts at `entry`.
  package static func svsmPage(entry: UInt32, signature: CPUSignature) -> [UInt8] {
    page(
      segments(entry) + registers(entry, signature, 1) + flatSegments
        + [Field(0x158, 0x11), Field(0x178, UInt64(entry)), Field(0x408, 0x1F80, width: 4)])
  }

  /// Of two fields at the same place the later one counts.
  private static func page(_ fields: [Field]) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: size)
    for field in fields {
      let bytes = field.value.littleEndianBytes
      for index in 0..<field.width { page[field.offset + index] = bytes[index] }
    }
    return page
  }

  private struct Field {
    let offset: Int
    let width: Int
    let value: UInt64

    init(_ offset: Int, _ value: UInt64, width: Int = 8) {
      self.offset = offset
      self.width = width
      self.value = value
    }
  }

  private static func segments(_ start: UInt32) -> [Field] {
    let data = [0x00, 0x20, 0x30, 0x40, 0x50].flatMap { segment($0, attributes: 0x93) }
    let code = segment(0x10, selector: 0xF000, attributes: 0x9B, base: UInt64(start & 0xFFFF_0000))
    let tables =
      segment(0x60, attributes: 0) + segment(0x70, attributes: 0x82) + segment(0x80, attributes: 0)
      + segment(0x90, attributes: 0x8B)
    return data + code + tables
  }

  private static func segment(
    _ offset: Int, selector: UInt64 = 0, attributes: UInt64, limit: UInt64 = 0xFFFF, base: UInt64 = 0
  ) -> [Field] {
    [
      Field(offset, selector, width: 2), Field(offset + 2, attributes, width: 2),
      Field(offset + 4, limit, width: 4), Field(offset + 8, base),
    ]
  }

  private static func registers(
    _ start: UInt32, _ signature: CPUSignature, _ features: UInt64
  ) -> [Field] {
    [
      Field(0xD0, 0x1000), Field(0x148, 0x40), Field(0x158, 0x10), Field(0x160, 0x400),
      Field(0x168, 0xFFFF_0FF0), Field(0x170, 2), Field(0x178, UInt64(start & 0xFFFF)),
      Field(0x268, 0x0007_0406_0007_0406), Field(0x310, UInt64(signature.rawValue)),
      Field(0x3B0, features), Field(0x3E8, 1),
    ]
  }

  private static func floatingPoint(_ generation: VMSAGeneration) -> [Field] {
    switch generation {
    case .initial: []
    case .init2: [Field(0x408, 0x1F80, width: 4), Field(0x410, 0x37F, width: 2)]
    }
  }

  private static func provider(_ vmm: VMM, isFirst: Bool) -> [Field] {
    let first = Field(0x310, 0x600)
    switch vmm {
    case .qemu: return []
    case .ec2:
      let code = isFirst ? [Field(0x12, 0x9A, width: 2)] : []
      return code + [first, Field(0x22, 0x92, width: 2), Field(0x92, 0x83, width: 2)]
    case .gce: return [first, Field(0x268, 0x0007_0106)]
    }
  }

  private static var flatSegments: [Field] {
    [0x00, 0x20, 0x30, 0x40].flatMap {
      segment($0, selector: 16, attributes: 0xC93, limit: 0xFFFF_FFFF)
    } + segment(0x10, selector: 8, attributes: 0xC9B, limit: 0xFFFF_FFFF)
  }
}
