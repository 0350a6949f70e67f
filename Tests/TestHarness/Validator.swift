/// The arguments of `virt-qemu-sev-validate`, and of `cvmctl launch verify`, which takes the same: what a guest owner knows of a launch.
package struct ValidatorArguments: Sendable {
  package var measurement: String
  package var apiMajor: UInt8
  package var apiMinor: UInt8
  package var buildID: UInt8
  package var policy: UInt32
  package var firmware: String
  package var boot: GuestDocument.Boot?
  /// For SEV-ES: the number of vCPUs and family, model, stepping of their CPU model.
  package var vcpus: (count: Int, family: Int, model: Int, stepping: Int)?
  package var tik: String
  package var tek: String

  package init(
    measurement: String, apiMajor: UInt8, apiMinor: UInt8, buildID: UInt8, policy: UInt32,
    firmware: String, boot: GuestDocument.Boot? = nil,
    vcpus: (count: Int, family: Int, model: Int, stepping: Int)? = nil, tik: String, tek: String
  ) {
    self.measurement = measurement
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    self.buildID = buildID
    self.policy = policy
    self.firmware = firmware
    self.boot = boot
    self.vcpus = vcpus
    self.tik = tik
    self.tek = tek
  }

  package var list: [String] {
    var list = ["--measurement", measurement, "--api-major", "\(apiMajor)", "--api-minor", "\(apiMinor)"]
    list += ["--build-id", "\(buildID)", "--policy", "\(policy)", "--firmware", firmware]
    list += ["--tik", tik, "--tek", tek]
    if let boot {
      list += ["--kernel", boot.kernel, "--initrd", boot.initrd, "--cmdline", boot.commandLine]
    }
    if let vcpus {
      list += ["--num-cpus", "\(vcpus.count)", "--cpu-family", "\(vcpus.family)"]
      list += ["--cpu-model", "\(vcpus.model)", "--cpu-stepping", "\(vcpus.stepping)"]
    }
    return list
  }
}
