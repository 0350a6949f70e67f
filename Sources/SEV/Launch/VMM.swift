/// Who launches a guest: the first register values of its vCPUs and the pages around the firmware depend on it.
package enum VMM: String, Sendable, CaseIterable {
  /// QEMU with KVM.
  case qemu = "QEMU"
  /// Amazon EC2.
  case ec2
  /// Google Compute Engine.
  case gce

  /// EC2 and GCE start every guest with the same RDX, whatever its CPU.
  package var measuresSignature: Bool { self == .qemu }
}
