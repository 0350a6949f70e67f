/// What this machine's CPU, kernel and devices say.
enum LocalHostCheck {
  static func run(_ list: inout HostCheckList) {
    cpu(&list)
    kernel(&list)
    devices(&list)
  }

  private static func cpu(_ list: inout HostCheckList) {
    guard let cpu = LocalCPU.read() else {
      return list.note("cpu", .notPermitted, found: "/proc/cpuinfo cannot be read", fix: nil)
    }
    list.add(
      "cpu", cpu.vendor == "AuthenticAMD", found: cpu.model.isEmpty ? cpu.vendor : cpu.model,
      fix: "SEV is a feature of AMD EPYC processors", required: true)
    flag(
      "sev", cpu, list.type == .sev || list.type == .sevES, "BIOS: SMEE on; kernel: CONFIG_AMD_MEM_ENCRYPT",
      &list)
    flag("sev_es", cpu, list.type == .sevES, "BIOS: SEV-ES ASID space limit above 1", &list)
    flag("sev_snp", cpu, list.type == .sevSNP, "BIOS: SEV-SNP support, SNP memory coverage, IOMMU on", &list)
  }

  private static func flag(
    _ name: String, _ cpu: LocalCPU, _ required: Bool, _ fix: String, _ list: inout HostCheckList
  ) {
    let has = cpu.flags.contains(name[...])
    guard has || required else {
      return list.note("cpu-\(name)", .notApplicable, found: "not shown by the kernel", fix: nil)
    }
    list.add(
      "cpu-\(name)", has, found: has ? "shown by the kernel" : "not shown by the kernel", fix: fix,
      required: required)
  }

  private static func kernel(_ list: inout HostCheckList) {
    let release = SystemFile.read("/proc/sys/kernel/osrelease")?.trimmingBlanks ?? "unknown"
    list.note("kernel", .pass, found: release, fix: nil)
    parameter("sev", required: true, &list)
    parameter("sev_es", required: list.type == .sevES, &list)
    parameter("sev_snp", required: list.type == .sevSNP, &list)
  }

  private static func parameter(_ name: String, required: Bool, _ list: inout HostCheckList) {
    let value = SystemFile.read("/sys/module/kvm_amd/parameters/\(name)")?.trimmingBlanks
    let on = value == "Y" || value == "1"
    guard on || required else {
      return list.note("kvm_amd-\(name)", .notApplicable, found: value ?? "module not loaded", fix: nil)
    }
    list.add(
      "kvm_amd-\(name)", on, found: value ?? "module not loaded",
      fix: "load it with: modprobe kvm_amd \(name)=1",
      required: required)
  }

  private static func devices(_ list: inout HostCheckList) {
    for path in ["/dev/kvm", "/dev/sev"] {
      let exists = SystemFile.exists(path)
      list.add(
        path, exists, found: exists ? "there" : "missing",
        fix: path == "/dev/sev"
          ? "the kernel found no AMD-SP with SEV firmware: check the BIOS and the ccp module"
          : "load kvm_amd",
        required: true)
      if exists, !SystemFile.isAccessible(path) {
        list.note(
          path + "-access", .notPermitted, found: "not readable and writable for this user",
          fix: "libvirt's daemon needs it, not you: nothing to do with qemu:///system")
      }
    }
  }
}
