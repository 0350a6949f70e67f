/// What a command line asks for.
enum Invocation: Equatable {
  /// Nothing that concerns the AMD-SP: QEMU takes over unchanged.
  case plain
  /// libvirt's question for the emulator's capabilities: only the monitor is looked after.
  case probe(MonitorPlan)
  /// A guest under legacy SEV or SEV-ES.
  case guest(GuestPlan)

  /// Reads a command line, without the program's name.
  init(_ arguments: QEMUArguments) throws(LaunchRefusal) {
    if let object = try SEVObject.find(in: arguments) {
      self = .guest(try GuestPlan(arguments, object: object))
    } else if arguments.contains("daemonize"), let monitor = MonitorPlan.probe(arguments) {
      self = .probe(monitor)
    } else {
      self = .plain
    }
  }
}
