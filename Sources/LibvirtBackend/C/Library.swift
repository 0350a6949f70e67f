internal import CLibvirt
private import Glibc

/// libvirt.so.0, loaded on first use and never unloaded.
@safe struct Library: @unchecked Sendable {
  /// Constant once `cvm_libvirt_load` has returned it.
  let functions: UnsafePointer<cvm_libvirt>

  /// Throws a `LibvirtError` of kind `.library` that names what is missing.
  static func load() throws(LibvirtError) -> Library {
    var problem: UnsafePointer<CChar>?
    guard let functions = unsafe cvm_libvirt_load(&problem) else {
      throw LibvirtError(kind: .library, message: unsafe text(problem) ?? "libvirt.so.0 cannot be loaded")
    }
    return unsafe Library(functions: functions)
  }

  /// A copy of a C string; what is not UTF-8 is repaired.
  static func text(_ string: UnsafePointer<CChar>?) -> String? {
    unsafe string.map { unsafe String(cString: $0) }
  }

  /// A copy of a C string that the caller owns, which is freed.
  static func takeText(_ string: UnsafeMutablePointer<CChar>?) -> String? {
    defer { unsafe free(string) }
    return unsafe text(string)
  }

  /// Text on its way into C. Throws for a NUL inside: C would see only what stands before it.
  static func argument(_ text: String, _ name: String) throws(LibvirtError) -> String {
    guard !text.utf8.contains(0) else {
      throw LibvirtError(kind: .argument, message: "\(name) contains a NUL character")
    }
    return text
  }
}
