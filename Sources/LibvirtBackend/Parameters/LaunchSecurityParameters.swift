internal import CLibvirt
internal import CVMCore

extension LaunchSecurityInfo {
  /// What `virDomainGetLaunchSecurityInfo` hands over; nil for a domain without launch security.
  ///
  /// | name              | type   |                                        |
  /// |-------------------|--------|----------------------------------------|
  /// | `sev-measurement` | string | base64 of 48 bytes; no meaning for SNP |
  /// | `sev-api-major`   | uint   | a byte                                 |
  /// | `sev-api-minor`   | uint   | a byte                                 |
  /// | `sev-build-id`    | uint   | a byte                                 |
  /// | `sev-policy`      | uint   | SEV, SEV-ES                            |
  /// | `sev-snp-policy`  | ullong | SEV-SNP, in place of `sev-policy`      |
  init?(_ parameters: TypedParameters) throws(ParameterError) {
    guard !parameters.isEmpty else { return nil }
    let snpPolicy = parameters.ullong(Self.snpPolicyName)
    self.init(
      measurement: snpPolicy != nil
        ? nil
        : try parameters.requiredBytes(
          VIR_DOMAIN_LAUNCH_SECURITY_SEV_MEASUREMENT, size: Self.measurementSize),
      apiMajor: try parameters.requiredByte(VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MAJOR),
      apiMinor: try parameters.requiredByte(VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MINOR),
      buildID: try parameters.requiredByte(VIR_DOMAIN_LAUNCH_SECURITY_SEV_BUILD_ID),
      policy: snpPolicy != nil ? nil : try parameters.requiredUInt(VIR_DOMAIN_LAUNCH_SECURITY_SEV_POLICY),
      snpPolicy: snpPolicy)
  }

  /// HMAC 32, MNONCE 16.
  private static let measurementSize = 48
  /// Newer than the headers of libvirt 9.0.
  private static let snpPolicyName = "sev-snp-policy"
}
