/// Times for people.
enum Seconds {
  /// `seconds` with so many digits after the point (at most 6), without a formatter that would pull in locale data.
  static func text(_ seconds: Double, digits: Int) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "-" }
    var scale: Int64 = 1
    for _ in 0..<min(max(digits, 0), 6) { scale *= 10 }
    let scaled = Int64((seconds * Double(scale)).rounded())
    guard scale > 1 else { return String(scaled) }
    let fraction = String(scaled % scale)
    let width = String(scale).count - 1
    return "\(scaled / scale)." + String(repeating: "0", count: width - fraction.count) + fraction
  }
}
