/// The guest's RAM: which memory backend is replaced by memory that the simulated AMD-SP can reach.
struct MemoryPlan: Equatable {
  /// The backend's `-object` on the command line; nil where `-m` alone makes the memory.
  let position: Int?
  let id: String
  /// Bytes.
  let size: UInt64

  /// QEMU's own name for memory without a backend.
  static let defaultID = "pc.ram"

  init(_ arguments: QEMUArguments, machine: MachineOption) throws(LaunchRefusal) {
    guard arguments.positions(of: "numa").isEmpty else { throw .severalMemories }
    guard let id = machine.options["memory-backend"] else {
      guard !arguments.contains("mem-path") else { throw .optionRefused("mem-path") }
      position = nil
      self.id = Self.defaultID
      size = try Self.size(ofOption: arguments.last("m"))
      return
    }
    self.id = id
    (position, size) = try Self.backend(id, arguments)
  }

  /// Bytes below 4 GiB: QEMU makes room for devices there (hw/i386/pc_q35.c, pc_piix.c).
  func lowMemory(_ machine: MachineOption) -> UInt64 {
    let isQ35 = machine.options["type"]?.contains("q35") ?? false
    let (most, rest): (UInt64, UInt64) = isQ35 ? (0xB000_0000, 0x8000_0000) : (0xE000_0000, 0xC000_0000)
    return size < most ? size : rest
  }

  /// The object in QEMU's place of `position`: memory that QEMU shares with us by descriptor `number`.
  func rewritten(_ options: OptionText?, descriptor number: Int32) -> String {
    var options = options ?? OptionText.backend(id: id, size: size)
    for key in ["hugetlb", "hugetlbsize", "seal", "pmem", "align", "offset", "readonly", "discard-data"] {
      options.remove(key)
    }
    options.set("qom-type", "memory-backend-file")
    options.set("mem-path", "/proc/self/fd/\(number)")
    options.set("share", true)
    return options.text
  }

  private static func backend(
    _ id: String, _ arguments: QEMUArguments
  ) throws(LaunchRefusal) -> (Int, UInt64) {
    for position in arguments.positions(of: "object") {
      guard let options = OptionText(arguments.elements[position].value ?? "", impliedKey: "qom-type"),
        options["id"] == id
      else { continue }
      guard options["qom-type"]?.hasPrefix("memory-backend-") == true,
        let size = options["size"].flatMap({ QEMUNumber.size($0) }), size > 0
      else { throw .badMemory }
      return (position, size)
    }
    throw .badMemory
  }

  /// `-m [size=]n`, a bare number in MiB; QEMU's default is 128 MiB.
  private static func size(ofOption text: String?) throws(LaunchRefusal) -> UInt64 {
    guard let text else { return 128 << 20 }
    guard
      let size = OptionText(text, impliedKey: "size")?["size"].flatMap({ QEMUNumber.size($0, unit: 1 << 20) }
      ),
      size > 0
    else { throw .badMemory }
    return size
  }
}

extension OptionText {
  fileprivate static func backend(id: String, size: UInt64) -> OptionText {
    OptionText(pairs: [("qom-type", "memory-backend-file"), ("id", id), ("size", String(size))])
  }
}
