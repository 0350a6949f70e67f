extension FixedWidthInteger where Self: UnsignedInteger {
  /// `0x` and every digit of the number's width, lower case.
  var paddedHex: String {
    let digits = String(self, radix: 16)
    return "0x" + String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
  }
}
