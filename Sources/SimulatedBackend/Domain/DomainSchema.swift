import CVMCore
import Documents

/// The outermost part of libvirt's schema for domains: which elements there are. Their contents are checked
/// where they are used.
enum DomainSchema {
  static func check(_ document: XMLElement) throws(BackendError) {
    guard document.name == "domain" else {
      throw .malformed("unexpected root element <\(document.name)>, expecting <domain>")
    }
    guard let type = document.attribute("type") else { throw .malformed("missing domain type attribute") }
    guard type == "kvm" || type == "qemu" else {
      throw .unsupported(
        reason: "unsupported configuration: a simulated host runs domains of the types kvm and qemu")
    }
    for element in document.elements where !elements.contains(element.name) && !element.name.contains(":") {
      throw .invalidDefinition(
        reason: "XML document failed to validate against schema: unexpected element '\(element.name)'")
    }
    for name in once where document.children(named: name).count > 1 {
      throw .invalidDefinition(
        reason: "XML document failed to validate against schema: element '\(name)' stands twice")
    }
  }

  /// Source: libvirt, docs/schemas/domaincommon.rng, "domain".
  private static let elements: Set<String> = [
    "name", "uuid", "genid", "title", "description", "metadata", "memory", "maxMemory", "currentMemory",
    "blkiotune", "memtune", "memoryBacking", "numatune", "vcpu", "vcpus", "iothreads", "iothreadids",
    "defaultiothread", "cputune", "resource", "sysinfo", "bootloader", "bootloader_args", "os", "idmap",
    "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm", "perf",
    "devices", "seclabel", "keywrap", "launchSecurity", "throttlegroups",
  ]

  private static let once = [
    "name", "uuid", "memory", "currentMemory", "vcpu", "os", "cpu", "launchSecurity",
  ]
}
