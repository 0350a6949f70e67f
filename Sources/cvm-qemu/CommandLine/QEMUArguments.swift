/// QEMU's command line, cut into options, operands and their values; what is not touched is given back byte for byte.
struct QEMUArguments: Equatable {
  struct Element: Equatable {
    /// Without its dashes; nil for an operand (a disk image).
    let name: String?
    let value: String?
    /// One or two arguments.
    let arguments: [[UInt8]]

    init(name: String?, value: String?, arguments: [[UInt8]]) {
      self.name = name
      self.value = value
      self.arguments = arguments
    }

    init(_ name: String, _ value: String) {
      self.init(name: name, value: value, arguments: [Array("-\(name)".utf8), Array(value.utf8)])
    }
  }

  var elements: [Element] = []

  /// `arguments` without the program's name.
  init(_ arguments: [[UInt8]]) {
    var index = 0
    while index < arguments.count {
      let element = Self.element(arguments[index...])
      elements.append(element)
      index += element.arguments.count
    }
  }

  init(texts: [String]) { self.init(texts.map { Array($0.utf8) }) }

  var arguments: [[UInt8]] { elements.flatMap(\.arguments) }

  func contains(_ name: String) -> Bool { elements.contains { $0.name == name } }

  /// Positions of an option.
  func positions(of name: String) -> [Int] { elements.indices.filter { elements[$0].name == name } }

  func values(of name: String) -> [String] { elements.filter { $0.name == name }.compactMap(\.value) }

  /// The value that counts where the last one wins.
  func last(_ name: String) -> String? { values(of: name).last }

  private static func element(_ rest: ArraySlice<[UInt8]>) -> Element {
    let first = rest[rest.startIndex]
    guard let name = optionName(first) else { return Element(name: nil, value: nil, arguments: [first]) }
    guard !withoutValue.contains(name), rest.count > 1 else {
      return Element(name: name, value: nil, arguments: [first])
    }
    let second = rest[rest.startIndex + 1]
    return Element(name: name, value: String(decoding: second, as: UTF8.self), arguments: [first, second])
  }

  private static func optionName(_ argument: [UInt8]) -> String? {
    let dash = UInt8(ascii: "-")
    guard argument.count > 1, argument[0] == dash else { return nil }
    return String(decoding: argument[1] == dash ? argument[2...] : argument[1...], as: UTF8.self)
  }

  /// QEMU's options that take no value, versions 5 to 10 (qemu-system-x86_64 --help). Every other option takes one.
  private static let withoutValue: Set<String> = [
    "h", "help", "version", "audio-help", "mem-prealloc", "snapshot", "usb", "nographic", "curses",
    "portrait",
    "full-screen", "no-frame", "alt-grab", "ctrl-grab", "no-quit", "win2k-hack", "rtc-td-hack", "tdf",
    "no-fd-bootchk", "no-acpi", "no-hpet", "no-kvm", "no-kvm-irqchip", "no-kvm-pit", "no-kvm-pit-reinjection",
    "singlestep", "one-insn-per-tb", "S", "s", "enable-kvm", "enable-hax", "xen-attach", "xen-domid-restrict",
    "no-reboot", "no-shutdown", "daemonize", "only-migratable", "nodefaults", "nodefconfig", "no-user-config",
    "async-teardown", "enable-sync-profile", "preconfig", "enable-fips", "old-param", "semihosting",
    "localtime",
  ]
}
