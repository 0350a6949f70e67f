import SEV

extension QEMUArguments {
  /// The command line of a probe, its monitor listening on descriptor `monitor`.
  func rewritten(probe plan: MonitorPlan, monitor: Int32) -> QEMUArguments {
    replacing([plan.position: plan.rewritten(descriptor: monitor)])
  }

  /// The command line for the real QEMU, which cannot do SEV here: without the `sev-guest` object and the machine's
  /// word for it, with its monitor and its memory on descriptors of ours. Nothing else changes.
  func rewritten(guest plan: GuestPlan, monitor: Int32?, memory: Int32) -> QEMUArguments {
    var changes: [Int: [Element]] = [plan.object.position: []]
    let machine = plan.machine.rewritten(backend: plan.memory.id)
    changes[plan.machine.position] = [Element("machine", machine)]
    if let control = plan.monitor, let monitor {
      changes[control.position] = control.rewritten(descriptor: monitor)
    }
    var added: [Element] = []
    let old = plan.memory.position.flatMap { elements[$0].value }
    let backend = plan.memory.rewritten(
      old.flatMap { OptionText($0, impliedKey: "qom-type") }, descriptor: memory)
    if let position = plan.memory.position {
      changes[position] = [Element("object", backend)]
    } else {
      added.append(Element("object", backend))
    }
    // The vCPUs of an SEV-ES guest cannot be reset: on hardware QEMU makes a shutdown of each reset.
    if plan.object.policy.es { added.append(Element("action", "reboot=shutdown")) }
    return replacing(changes, adding: added)
  }

  private func replacing(_ changes: [Int: [Element]], adding added: [Element] = []) -> QEMUArguments {
    var result = self
    result.elements = elements.indices.flatMap { changes[$0] ?? [elements[$0]] } + added
    return result
  }
}
