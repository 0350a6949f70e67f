import Glibc

/// The process environment.
enum Environment {
  /// Nil where the variable is unset or empty.
  static subscript(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
