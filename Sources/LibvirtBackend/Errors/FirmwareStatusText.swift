/// The one text that is looked at: QEMU reports what the AMD-SP said as `… ret=-5 fw_error=11 'Bad
/// measurement'` (target/i386/sev.c), and libvirt passes QEMU's words on.
enum FirmwareStatusText {
  /// AMD's status code; nil where there is none, or no number of 32 bits.
  static func status(in text: String) -> UInt32? {
    guard let label = text.firstRange(of: "fw_error=") else { return nil }
    return UInt32(text[label.upperBound...].prefix { ("0"..."9").contains($0) })
  }
}
