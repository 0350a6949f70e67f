import CVMCore
import Documents
import SecureProcessor

/// The document of a running guest, with what libvirt fills in of its launch security: the host's C-bit and
/// reduced address bits, the policy as `0x%04x`.
enum LiveDocument {
  static func make(_ definition: DomainDefinition, id: Int, _ model: ProcessorModel) -> XMLElement {
    var document = definition.document
    document.setAttribute("id", String(id))
    guard let security = definition.launchSecurity else { return document }
    document.edit(at: "launchSecurity") { element in
      var filled = element
      filled.children = [
        .element(XMLElement("cbitpos", text: String(security.cbitPosition ?? model.cbitPosition))),
        .element(
          XMLElement(
            "reducedPhysBits", text: String(security.reducedPhysicalBits ?? model.reducedPhysicalBits))),
        .element(XMLElement("policy", text: security.policyText)),
      ]
      filled.children += element.elements.filter { ["dhCert", "session"].contains($0.name) }.map {
        XMLNode.element($0)
      }
      element = filled
    }
    return document
  }
}
