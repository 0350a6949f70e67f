/// `-machine`, and where on the command line it stands.
struct MachineOption: Equatable {
  let position: Int
  let options: OptionText

  /// QEMU's property for confidential guests, and its name before QEMU 6.
  static let protection = ["confidential-guest-support", "memory-encryption"]

  /// Refuses a machine that does not use the object: QEMU would start such a guest unprotected, without a word.
  init(_ arguments: QEMUArguments, protectedBy id: String) throws(LaunchRefusal) {
    let positions = arguments.positions(of: "machine") + arguments.positions(of: "M")
    guard let position = positions.first else { throw .objectUnused(id) }
    guard positions.count == 1 else { throw .severalMachines }
    let value = arguments.elements[position].value ?? ""
    guard let options = OptionText(value, impliedKey: "type"),
      Self.protection.contains(where: { options[$0] == id })
    else { throw .objectUnused(id) }
    self.position = position
    self.options = options
  }

  /// Without the object, which QEMU never sees; `backend` becomes the guest's memory if it has no name yet.
  func rewritten(backend: String) -> String {
    var options = options
    for key in Self.protection { options.remove(key) }
    if options["memory-backend"] == nil { options.set("memory-backend", backend) }
    return options.text
  }
}
