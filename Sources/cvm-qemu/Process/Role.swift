/// What this process is. libvirt starts the emulator; the other two are started by it and named in their arguments, so
/// that a process list says what is simulated.
enum Role: Equatable {
  case emulator
  case detach(guest: String)
  case proxy(guest: String)

  static let label = "(simulated AMD-SP)"

  init(_ arguments: [String]) {
    guard arguments.count == 4, arguments[2] == Self.label else {
      self = .emulator
      return
    }
    switch arguments[1] {
    case "--detach": self = .detach(guest: arguments[3])
    case "--proxy": self = .proxy(guest: arguments[3])
    default: self = .emulator
    }
  }

  /// The arguments that make a process this.
  var arguments: [String] {
    switch self {
    case .emulator: ["cvm-qemu"]
    case .detach(let guest): ["cvm-qemu", "--detach", Self.label, guest]
    case .proxy(let guest): ["cvm-qemu", "--proxy", Self.label, guest]
    }
  }

  /// A guest's name as a process list can show it.
  static func shown(_ name: String) -> String {
    let plain = name.unicodeScalars.filter { $0.isASCII && $0.value > 0x20 && $0.value != 0x7F }.prefix(64)
    return plain.isEmpty ? "guest" : String(String.UnicodeScalarView(plain))
  }
}
