/// The QMP monitor that libvirt speaks to, and how QEMU gets another one in its place.
struct MonitorPlan: Equatable {
  enum Listener: Equatable {
    /// Bound by the caller and inherited.
    case inherited(Int32)
    /// Bound by QEMU, so by us, at this path.
    case path(String)
  }

  enum Form: Equatable {
    /// `-chardev socket,…` with a `-mon` elsewhere.
    case chardev
    /// `-qmp unix:…`, both in one.
    case qmp
  }

  let position: Int
  let form: Form
  let listener: Listener
  /// What has to stay: `server`, `wait`, …
  private let options: OptionText

  /// The monitor of a probe; nil if the command line is no probe's.
  static func probe(_ arguments: QEMUArguments) -> MonitorPlan? {
    let positions = arguments.positions(of: "qmp")
    guard positions.count == 1, let position = positions.first else { return nil }
    return qmp(arguments, position)
  }

  /// The monitor of an SEV guest. One QMP monitor is looked after; a second one or a human one would let the guest run
  /// behind the simulated AMD-SP's back.
  static func guest(_ arguments: QEMUArguments) throws(LaunchRefusal) -> MonitorPlan? {
    try refuseHumanMonitors(arguments)
    let mons = arguments.positions(of: "mon")
    let qmps = arguments.positions(of: "qmp")
    guard mons.count + qmps.count <= 1, !arguments.contains("qmp-pretty") else { throw .severalMonitors }
    if let position = qmps.first {
      guard let plan = qmp(arguments, position) else { throw .badMonitor }
      return plan
    }
    guard let position = mons.first else { return nil }
    guard let plan = chardev(arguments, ofMonitor: position) else { throw .badMonitor }
    return plan
  }

  /// QEMU's arguments with this monitor listening on descriptor `number`.
  func rewritten(descriptor number: Int32) -> [QEMUArguments.Element] {
    var options = options
    for key in ["path", "abstract", "tight", "unix"] { options.remove(key) }
    options.set("fd", String(number))
    switch form {
    case .chardev: return [.init("chardev", options.text)]
    case .qmp:
      let id = "cvm-monitor"
      return [
        .init("chardev", "socket,id=\(id),\(options.text)"), .init("mon", "chardev=\(id),mode=control"),
      ]
    }
  }

  private static func refuseHumanMonitors(_ arguments: QEMUArguments) throws(LaunchRefusal) {
    let silent = ["none", "null"]
    guard arguments.values(of: "monitor").allSatisfy(silent.contains) else { throw .severalMonitors }
    guard !arguments.values(of: "serial").contains(where: { $0.hasPrefix("mon:") }) else {
      throw .severalMonitors
    }
    // -nographic puts a human monitor on the terminal unless told otherwise.
    let quiet = arguments.contains("nodefaults") || arguments.contains("monitor")
    guard quiet || !arguments.contains("nographic") else { throw .severalMonitors }
  }

  /// `unix:PATH,server=on,…`.
  private static func qmp(_ arguments: QEMUArguments, _ position: Int) -> MonitorPlan? {
    let scheme = "unix:"
    guard let text = arguments.elements[position].value, text.hasPrefix(scheme),
      let options = OptionText(String(text.dropFirst(scheme.count)), impliedKey: "unix"),
      let path = options["unix"], options["server"] == "on"
    else { return nil }
    return MonitorPlan(position: position, form: .qmp, listener: .path(path), options: options)
  }

  private static func chardev(_ arguments: QEMUArguments, ofMonitor position: Int) -> MonitorPlan? {
    guard let monitor = OptionText(arguments.elements[position].value ?? "", impliedKey: "chardev"),
      monitor["mode"] == "control", let id = monitor["chardev"]
    else { return nil }
    for position in arguments.positions(of: "chardev") {
      guard let options = OptionText(arguments.elements[position].value ?? "", impliedKey: "backend"),
        options["id"] == id
      else { continue }
      guard options["backend"] == "socket", options["server"] == "on", let listener = listener(options) else {
        return nil
      }
      return MonitorPlan(position: position, form: .chardev, listener: listener, options: options)
    }
    return nil
  }

  private static func listener(_ options: OptionText) -> Listener? {
    if let fd = options["fd"] { return Int32(fd).flatMap { $0 > 2 ? .inherited($0) : nil } }
    return options["path"].map { .path($0) }
  }
}
