/// Finds the file that QEMU maps as firmware below 4 GiB: the image behind pflash unit 0, or `-bios`.
enum FirmwareOption {
  /// A chain of block nodes longer than this is nobody's firmware.
  private static let longestChain = 8

  static func file(_ arguments: QEMUArguments, machine: MachineOption) throws(LaunchRefusal) -> String {
    if let node = machine.options["pflash0"] { return try file(ofNode: node, arguments) }
    if let drive = try drive(arguments) { return drive }
    if let bios = arguments.last("bios") { return bios }
    throw .noFirmware
  }

  private static func file(ofNode node: String, _ arguments: QEMUArguments) throws(LaunchRefusal) -> String {
    var name = node
    for _ in 0..<longestChain {
      guard let options = block(named: name, arguments) else { throw .noBlockNode(name) }
      switch try step(options) {
      case .file(let path): return path
      case .node(let next): name = next
      }
    }
    throw .firmwareNotRaw
  }

  private enum Step {
    case file(String)
    case node(String)
  }

  /// Only `raw` over `file`, whole: another format's bytes are not what the guest would see.
  private static func step(_ options: OptionText) throws(LaunchRefusal) -> Step {
    var options = options
    for _ in 0..<longestChain {
      if options["driver"] == "file", let path = options["filename"] { return .file(path) }
      guard options["driver"] == "raw", options["offset"] == nil, options["size"] == nil else { break }
      if let node = options["file"] { return .node(node) }
      guard let inner = options.nested("file") else { break }
      options = inner
    }
    throw .firmwareNotRaw
  }

  private static func block(named name: String, _ arguments: QEMUArguments) -> OptionText? {
    for text in arguments.values(of: "blockdev") {
      if let options = OptionText(text, impliedKey: "driver"), options["node-name"] == name { return options }
    }
    return nil
  }

  /// `-drive if=pflash` or `-pflash`, unit 0.
  private static func drive(_ arguments: QEMUArguments) throws(LaunchRefusal) -> String? {
    for element in arguments.elements {
      guard let value = element.value else { continue }
      if element.name == "pflash" { return value }
      guard element.name == "drive", let options = OptionText(value, impliedKey: "file"),
        options["if"] == "pflash", options["unit"] ?? "0" == "0"
      else { continue }
      guard options["format"] ?? "raw" == "raw", let file = options["file"] else { throw .firmwareNotRaw }
      return file
    }
    return nil
  }
}
