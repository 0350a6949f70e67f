package import Documents

/// What cvmctl writes into a domain document.
package enum DomainXML {
  /// The namespace of cvmctl's own facts in `<metadata>`: information for people; the store is the authority.
  package static let namespace = "urn:cvmctl:guest:1"

  /// Sets `<launchSecurity>`, keeping its other children (an SNP guest's ID block, say).
  package static func setLaunchSecurity(
    _ type: LaunchType, policy: PolicyValue, kernelHashes: Bool, in domain: inout XMLElement
  ) {
    var element = domain.child("launchSecurity") ?? XMLElement("launchSecurity")
    element.setAttribute("type", type.libvirtType)
    element.setAttribute("kernelHashes", kernelHashes ? "yes" : element.attribute("kernelHashes"))
    element.setChild(XMLElement("policy", text: shortHex(policy.rawValue)))
    element.removeChildren(named: "session")
    element.removeChildren(named: "dhCert")
    domain.setChild(element)
  }

  /// The document of one launch: the definition with the owner's certificate and the session, which never are stored.
  package static func launching(_ domain: XMLElement, dhCert: String, session: String) -> XMLElement {
    var domain = domain
    domain.edit(at: "launchSecurity") { element in
      element.setChild(XMLElement("dhCert", text: dhCert))
      element.setChild(XMLElement("session", text: session))
    }
    return domain
  }

  /// Turns on the IOMMU for every virtio device: a SEV guest's device memory is shared memory, and only a device behind the IOMMU
  /// platform flag is told so by its driver.
  package static func setVirtioIOMMU(in domain: inout XMLElement) {
    domain.edit(at: "devices") { devices in
      for index in devices.children.indices {
        guard case .element(var device) = devices.children[index], isVirtio(device) else { continue }
        var driver = device.child("driver") ?? XMLElement("driver")
        driver.setAttribute("iommu", "on")
        device.setChild(driver)
        devices.children[index] = .element(device)
      }
    }
  }

  /// Writes the tenant, the policy's name and the labels into cvmctl's metadata element.
  package static func setMetadata(
    tenant: String, policy: (name: String, version: Int)?, labels: [String: String],
    in domain: inout XMLElement
  ) {
    var guest = XMLElement("cvmctl:guest", attributes: ["xmlns:cvmctl": namespace, "tenant": tenant])
    if let policy {
      guest.append(
        XMLElement("cvmctl:policy", attributes: ["name": policy.name, "version": String(policy.version)]))
    }
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
      guest.append(XMLElement("cvmctl:label", attributes: ["key": key, "value": value]))
    }
    var metadata = domain.child("metadata") ?? XMLElement("metadata")
    metadata.removeChildren { isOurs($0) }
    metadata.append(guest)
    if domain.child("metadata") != nil {
      domain.setChild(metadata)
    } else if domain.child("memory") != nil {
      domain.insert(metadata, before: "memory")
    } else {
      domain.append(metadata)
    }
  }

  /// The tenant that cvmctl's metadata element names.
  static func tenant(in domain: XMLElement) -> String? {
    domain.child("metadata")?.elements.first(where: isOurs)?.attribute("tenant")
  }

  /// The labels that a document carries from an earlier `dumpxml`.
  package static func labels(in domain: XMLElement) -> [String: String] {
    var labels: [String: String] = [:]
    for guest in domain.child("metadata")?.elements ?? [] where isOurs(guest) {
      for label in guest.elements where localName(label) == "label" {
        if let key = label.attribute("key"), let value = label.attribute("value"),
          (try? GuestLabels.check(key, value)) != nil
        {
          labels[key] = value
        }
      }
    }
    return labels
  }

  private static func isOurs(_ element: XMLElement) -> Bool {
    element.attributes.contains { $0.name.hasPrefix("xmlns") && $0.value == namespace }
  }

  private static func localName(_ element: XMLElement) -> String {
    element.name.split(separator: ":").last.map(String.init) ?? element.name
  }

  private static func isVirtio(_ device: XMLElement) -> Bool {
    switch device.name {
    case "disk": device.child("target")?.attribute("bus") == "virtio"
    case "interface": device.child("model")?.attribute("type")?.hasPrefix("virtio") == true
    case "controller":
      device.attribute("type") == "virtio-serial" || device.attribute("model")?.hasPrefix("virtio") == true
    case "rng", "memballoon", "vsock", "input", "video":
      device.attribute("model")?.hasPrefix("virtio") == true
        || device.attribute("bus") == "virtio"
    case "filesystem": device.child("driver")?.attribute("type") == "virtiofs"
    default: false
    }
  }

  private static func shortHex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
