import Bytes
import CVMCore
import Documents
import SecureProcessor

/// The two documents of a simulated host, in libvirt's shape and small. The processor's own numbers stand in
/// them, and that it is simulated.
enum Capabilities {
  static let emulator = "/simulated/qemu-system-x86_64"
  static let machine = "pc-q35-7.2"
  private static let note = "<!-- simulated by cvmctl: no AMD hardware -->\n"

  static func host(uuid: GuestUUID) throws(BackendError) -> String {
    let cpu = XMLElement(
      "cpu",
      elements: [
        XMLElement("arch", text: "x86_64"), XMLElement("model", text: CPUChoice.hostModel),
        XMLElement("vendor", text: "AMD"),
      ])
    let host = XMLElement(
      "host",
      elements: [
        XMLElement("uuid", text: uuid.rawValue), cpu, XMLElement("power_management"),
        XMLElement("iommu", attributes: ["support": "yes"]),
      ])
    let architecture = XMLElement(
      "arch", attributes: ["name": "x86_64"],
      elements: [
        XMLElement("wordsize", text: "64"), XMLElement("emulator", text: emulator),
        XMLElement("machine", attributes: ["maxCpus": "288"], text: machine),
        XMLElement("machine", attributes: ["canonical": machine, "maxCpus": "288"], text: "q35"),
        XMLElement("domain", attributes: ["type": "qemu"]), XMLElement("domain", attributes: ["type": "kvm"]),
      ])
    let guest = XMLElement("guest", elements: [XMLElement("os_type", text: "hvm"), architecture])
    return try text(XMLElement("capabilities", elements: [host, guest]))
  }

  static func domain(
    _ processor: SecureProcessor, _ query: DomainCapabilitiesQuery
  ) throws(BackendError) -> String {
    guard query.architecture ?? "x86_64" == "x86_64" else {
      throw .unsupported(reason: "a simulated host has guests of the architecture x86_64 only")
    }
    guard ["kvm", "qemu"].contains(query.virtType ?? "kvm") else {
      throw .unsupported(reason: "a simulated host runs domains of the types kvm and qemu")
    }
    return try text(
      XMLElement(
        "domainCapabilities",
        elements: [
          XMLElement("path", text: query.emulator ?? emulator),
          XMLElement("domain", text: query.virtType ?? "kvm"),
          XMLElement("machine", text: query.machine.map { $0 == "q35" ? machine : $0 } ?? machine),
          XMLElement("arch", text: "x86_64"), XMLElement("vcpu", attributes: ["max": "288"]), firmware,
          processors, try features(processor),
        ]))
  }

  private static let firmware = XMLElement(
    "os", attributes: ["supported": "yes"],
    elements: [
      XMLElement(
        "loader", attributes: ["supported": "yes"],
        elements: [choices("type", ["rom", "pflash"]), choices("readonly", ["yes", "no"])])
    ])

  private static let processors = XMLElement(
    "cpu",
    elements: [
      XMLElement("mode", attributes: ["name": "host-passthrough", "supported": "yes"]),
      XMLElement(
        "mode", attributes: ["name": "host-model", "supported": "yes"],
        elements: [XMLElement("model", attributes: ["fallback": "forbid"], text: CPUChoice.hostModel)]),
      XMLElement("mode", attributes: ["name": "custom", "supported": "yes"]),
    ])

  private static func features(_ processor: SecureProcessor) throws(BackendError) -> XMLElement {
    let model = processor.model
    let sev = XMLElement(
      "sev", attributes: ["supported": "yes"],
      elements: [
        XMLElement("cbitpos", text: String(model.cbitPosition)),
        XMLElement("reducedPhysBits", text: String(model.reducedPhysicalBits)),
        XMLElement("maxGuests", text: String(model.maxSEVGuests)),
        XMLElement("maxESGuests", text: String(model.maxESGuests)),
        XMLElement("cpu0Id", text: Base64.encode(processor.chip.id)),
      ])
    let security = XMLElement(
      "launchSecurity", attributes: ["supported": "yes"], elements: [choices("sectype", ["sev"])])
    return XMLElement("features", elements: [sev, security])
  }

  private static func choices(_ name: String, _ values: [String]) -> XMLElement {
    XMLElement("enum", attributes: ["name": name], elements: values.map { XMLElement("value", text: $0) })
  }

  private static func text(_ document: XMLElement) throws(BackendError) -> String {
    do { return note + (try XMLText.serialize(document)) } catch {
      throw .failed(operation: "writing capabilities", reason: error.summary)
    }
  }
}
