import Foundation
import TestHarness

/// Launches that differ in the CPU model and the number of vCPUs: one sweep of ours, one run a launch of the peer's.
struct MeasureGroup {
  /// The peer's word.
  var mode: String
  var firmware: String
  var options: [String] = []
  /// Empty: the mode measures no vCPU.
  var models: [String] = []
  var counts: [Int] = []

  /// What `measure` is asked, once.
  var sweep: [String] {
    var words = ["measure", "--mode", mode, "--ovmf", firmware] + options
    if !models.isEmpty {
      words += ["--vcpu-type", models.joined(separator: ",")]
      words += ["--vcpus", counts.map(String.init).joined(separator: ",")]
    }
    // The peer knows one generation of SEV-ES.
    return isGenerated ? words + ["--vmsa-generation", "init2"] : words
  }

  /// What both are asked for one launch.
  func words(_ model: String, _ count: Int) -> [String] {
    ["--mode", mode, "--ovmf", firmware] + options + ["--vcpu-type", model, "--vcpus", String(count)]
  }

  var isGenerated: Bool { mode == "seves" && !options.contains("ec2") && !options.contains("gce") }

  /// The lines that a sweep prints, with the peer's arguments for each.
  var cases: [(line: String, words: [String])] {
    guard !models.isEmpty else { return [("", ["--mode", mode, "--ovmf", firmware] + options)] }
    return models.flatMap { model in counts.map { ("\($0) \(model) ", words(model, $0)) } }
  }
}

/// The files of the matrix and what is made of them.
struct MeasureMatrix {
  let groups: [MeasureGroup]

  init(in directory: ScratchDirectory) throws {
    let made = try Self.images(in: directory)
    let debian = ["ovmf/OVMF.fd", "OVMF/OVMF_CODE.fd", "OVMF/OVMF_CODE.secboot.fd"].map { "/usr/share/\($0)" }
    let boots = try Self.boots(in: directory)
    var groups = Self.snp(made, boots) + Self.legacy(made + ["/usr/share/OVMF/OVMF_CODE_4M.fd"], boots)
    groups += debian.flatMap { firmware in
      ["QEMU", "ec2", "gce"].map {
        MeasureGroup(
          mode: "snp", firmware: firmware, options: ["--vmm-type", $0], models: ["EPYC-v4", "EPYC-Genoa"],
          counts: [1, 2, 8])
      }
    }
    groups += (made + debian).map { MeasureGroup(mode: "snp:ovmf-hash", firmware: $0) }
    self.groups = groups + (try Self.svsm(made, in: directory)) + [Self.precomputed(made[0])]
  }

  private static func images(in directory: ScratchDirectory) throws -> [String] {
    let amdSEV = MeasuredImage.amdSEV
    let images: [MeasuredImage] = [
      MeasuredImage(),
      MeasuredImage(sections: amdSEV.reversed(), seed: 2, place: 0),
      MeasuredImage(sections: [5, 3, 1, 6, 0, 4, 2].map { amdSEV[$0] }, pages: 9, seed: 3, place: 0x8E00),
      // Several of a kind; CPUID pages between others.
      MeasuredImage(
        sections: [3, 5, 0].map { amdSEV[$0] } + [.init(base: 0x90_0000, type: 3), .init(base: 0, type: 2)]
          + [6, 1].map { amdSEV[$0] } + [.init(base: 0xA0_0000, size: 0x40_000, type: 4)],
        pages: 64, seed: 4, hashArea: (0x81_0F50, 0x400)),
    ]
    return try images.enumerated().map { try directory.write($1.data, to: "image-\($0).fd") }
  }

  private static func boots(in directory: ScratchDirectory) throws -> [[String]] {
    let kernel = try directory.write("kernel\n", to: "kernel")
    let initrd = try directory.write("initrd\n", to: "initrd")
    return [
      [], ["--kernel", kernel], ["--kernel", kernel, "--initrd", initrd],
      ["--kernel", kernel, "--append", "console=ttyS0 root=/dev/vda1"],
      ["--kernel", initrd, "--initrd", kernel, "--append", "Grüße \"quoted\"  two blanks"],
    ]
  }

  private static func snp(_ images: [String], _ boots: [[String]]) -> [MeasureGroup] {
    images.flatMap { firmware in
      boots.flatMap { boot in
        [["QEMU"], ["ec2"], ["gce"], ["QEMU", "--guest-features", "0x21"]].map { vmm in
          MeasureGroup(
            mode: "snp", firmware: firmware, options: ["--vmm-type"] + vmm + boot,
            models: ["EPYC-Milan-v2", "EPYC-Turin"], counts: [1, 2, 5])
        }
      }
    } + [
      MeasureGroup(
        mode: "snp", firmware: images[0],
        models: [
          "EPYC", "EPYC-v1", "EPYC-v2", "EPYC-v3", "EPYC-v4", "EPYC-IBPB", "EPYC-Rome", "EPYC-Rome-v1",
          "EPYC-Rome-v2", "EPYC-Rome-v3", "EPYC-Milan", "EPYC-Milan-v1", "EPYC-Milan-v2", "EPYC-Genoa",
          "EPYC-Genoa-v1", "EPYC-Turin",
        ], counts: [1, 3, 255]),
      MeasureGroup(
        mode: "snp", firmware: images[1], options: ["--guest-features", "0"], models: ["EPYC-v4"],
        counts: [1, 2]
      ),
      MeasureGroup(
        mode: "snp", firmware: images[1], options: ["--guest-features", "0xffffffffffffffff"],
        models: ["EPYC-v4"], counts: [1, 2]),
    ]
  }

  private static func legacy(_ images: [String], _ boots: [[String]]) -> [MeasureGroup] {
    images.flatMap { firmware in
      // Debian's builds take no kernel hashes.
      (firmware.hasPrefix("/usr") ? [[]] : boots).flatMap { boot in
        [MeasureGroup(mode: "sev", firmware: firmware, options: boot)]
          + [[], ["--vmm-type", "ec2"]].map {
            MeasureGroup(
              mode: "seves", firmware: firmware, options: boot + $0, models: ["EPYC-Rome", "EPYC-Milan"],
              counts: [1, 2, 4])
          }
      }
    }
  }

  private static func svsm(_ firmware: [String], in directory: ScratchDirectory) throws -> [MeasureGroup] {
    let sections: [MeasuredImage.Section] = [
      .init(base: 0, size: 0x9E000, type: 1), .init(base: 0x9E000, type: 2), .init(base: 0x9F000, type: 3),
    ]
    return try [UInt32(0), 0x40, 0x3FFF].flatMap { entry in
      let svsm = try directory.write(
        MeasuredImage(sections: sections, pages: 6, seed: 9, svsmEntry: entry).data, to: "svsm-\(entry)")
      return ["0x20000", "0x84000"].map { text in
        let size = String(Int(text.dropFirst(2), radix: 16) ?? 0)
        return MeasureGroup(
          mode: "snp:svsm", firmware: firmware[0], options: ["--svsm", svsm, "--vars-size", size],
          models: ["EPYC-v4", "EPYC-Genoa"], counts: [1, 4])
      }
    } + [
      MeasureGroup(
        mode: "snp:svsm", firmware: "/usr/share/OVMF/OVMF_CODE.fd",
        options: [
          "--svsm", directory.file("svsm-64"), "--vars-file", "/usr/share/OVMF/OVMF_VARS.fd",
          "--guest-features", "0x1",
        ], models: ["EPYC-Milan"], counts: [1, 2])
    ]
  }

  private static func precomputed(_ firmware: String) -> MeasureGroup {
    MeasureGroup(
      mode: "snp", firmware: firmware, options: ["--snp-ovmf-hash", String(repeating: "0a1b2c", count: 16)],
      models: ["EPYC-v4"], counts: [1, 2])
  }
}
