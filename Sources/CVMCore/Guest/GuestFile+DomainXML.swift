package import Documents

extension GuestFile {
  /// The domain XML of this guest, without `<launchSecurity>`, which the resolved policy adds.
  /// - Parameter uuid: the guest's UUID, from the file or a new one.
  package func domainXML(uuid: GuestUUID) -> XMLElement {
    var domain = XMLElement("domain", attributes: ["type": virtType], elements: [])
    domain.append(XMLElement("name", text: name))
    domain.append(XMLElement("uuid", text: uuid.rawValue))
    domain.append(XMLElement("memory", attributes: ["unit": "KiB"], text: String((memory + 1023) / 1024)))
    domain.append(XMLElement("vcpu", text: String(vcpus)))
    if let hardLimit {
      domain.append(
        XMLElement(
          "memtune",
          elements: [XMLElement("hard_limit", attributes: ["unit": "KiB"], text: String(hardLimit / 1024))]))
    }
    domain.append(system)
    domain.append(XMLElement("features", elements: [XMLElement("acpi"), XMLElement("apic")]))
    if let cpu { domain.append(Self.cpuElement(cpu)) }
    // A launch cannot be repeated inside one emulator: a reboot has to come back to cvmctl.
    domain.append(XMLElement("on_reboot", text: launch == nil ? "restart" : "destroy"))
    domain.append(devices)
    return domain
  }

  /// SEV and SEV-ES pin all guest memory, and libvirt raises the lock limit only by a hard limit: room for the guest, its firmware,
  /// video memory and QEMU itself. Only for KVM: emulated guests lock nothing.
  private var hardLimit: UInt64? {
    guard virtType == "kvm", let launch, launch.type != .sevSNP else { return nil }
    return memory + 512 << 20
  }

  private var system: XMLElement {
    var system = XMLElement("os", elements: [])
    system.append(XMLElement("type", attributes: ["arch": "x86_64", "machine": machine], text: "hvm"))
    if let firmware { system.append(loader(firmware)) }
    if let kernel { system.append(XMLElement("kernel", text: kernel)) }
    if let initrd { system.append(XMLElement("initrd", text: initrd)) }
    if let commandLine { system.append(XMLElement("cmdline", text: commandLine)) }
    return system
  }

  /// SEV-SNP has no pflash; a stateless pflash has no variable store that could change what boots unmeasured.
  private func loader(_ path: String) -> XMLElement {
    launch?.type == .sevSNP
      ? XMLElement("loader", attributes: ["type": "rom"], text: path)
      : XMLElement(
        "loader", attributes: ["readonly": "yes", "type": "pflash", "stateless": "yes"], text: path)
  }

  private static func cpuElement(_ cpu: String) -> XMLElement {
    if ["host-passthrough", "host-model", "maximum"].contains(cpu) {
      return XMLElement("cpu", attributes: ["mode": cpu])
    }
    return XMLElement(
      "cpu", attributes: ["mode": "custom", "match": "exact"],
      elements: [XMLElement("model", attributes: ["fallback": "forbid"], text: cpu)])
  }

  private var devices: XMLElement {
    var devices = XMLElement("devices", elements: [])
    if let emulator { devices.append(XMLElement("emulator", text: emulator)) }
    for disk in disks { devices.append(disk.element) }
    devices.append(XMLElement("controller", attributes: ["type": "usb", "model": "none"]))
    for network in networks { devices.append(network.element) }
    switch serial {
    case .none: break
    case .pty: devices.append(XMLElement("serial", attributes: ["type": "pty"]))
    case .file(let path):
      devices.append(
        XMLElement(
          "serial", attributes: ["type": "file"], elements: [XMLElement("source", attributes: ["path": path])]
        ))
    }
    devices.append(XMLElement("memballoon", attributes: ["model": "none"]))
    return devices
  }
}

extension GuestFile.Disk {
  fileprivate var element: XMLElement {
    var disk = XMLElement(
      "disk", attributes: ["type": isBlockDevice ? "block" : "file", "device": "disk"],
      elements: [
        XMLElement("driver", attributes: ["name": "qemu", "type": format]),
        XMLElement("source", attributes: [isBlockDevice ? "dev" : "file": source]),
        XMLElement("target", attributes: ["dev": target, "bus": "virtio"]),
      ])
    if isReadOnly { disk.append(XMLElement("readonly")) }
    return disk
  }
}

extension GuestFile.Network {
  fileprivate var element: XMLElement {
    switch self {
    case .network(let name, let mac): Self.interface("network", source: name, mac: mac)
    case .bridge(let name, let mac): Self.interface("bridge", source: name, mac: mac)
    }
  }

  private static func interface(_ type: String, source: String, mac: String?) -> XMLElement {
    var interface = XMLElement("interface", attributes: ["type": type], elements: [])
    if let mac { interface.append(XMLElement("mac", attributes: ["address": mac])) }
    interface.append(XMLElement("source", attributes: [type: source]))
    interface.append(XMLElement("model", attributes: ["type": "virtio"]))
    return interface
  }
}
