/// What the AMD-SP takes a page for as it loads it. Source: AMD 56860, SNP_LAUNCH_UPDATE, PAGE_TYPE.
package enum SNPPageType: UInt8, Sendable {
  case normal = 1
  case vmsa = 2
  case zero = 3
  case unmeasured = 4
  case secrets = 5
  case cpuid = 6

  /// As in `NORMAL`.
  package var amdName: String {
    switch self {
    case .normal: "NORMAL"
    case .vmsa: "VMSA"
    case .zero: "ZERO"
    case .unmeasured: "UNMEASURED"
    case .secrets: "SECRETS"
    case .cpuid: "CPUID"
    }
  }
}
