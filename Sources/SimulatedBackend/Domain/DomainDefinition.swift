import CVMCore
import Documents

/// A domain document, read as far as a simulated host looks into it. Parsing refuses what libvirt refuses of
/// it.
struct DomainDefinition {
  /// The document, with the UUID in it.
  var document: XMLElement
  let name: String
  let uuid: GuestUUID
  let vcpus: Int
  /// Bytes.
  let maxMemory: UInt64
  /// Bytes.
  let memory: UInt64
  let osType: String
  let boot: BootSource
  /// QEMU's name of the CPU model; nil for the default one.
  let cpu: CPUChoice
  /// `<on_reboot>destroy`: a guest's reset ends it.
  let endsOnReboot: Bool
  let launchSecurity: LaunchSecurityDefinition?

  /// `fresh` gives the UUID of a document without one.
  init(xml: String, fresh: () throws(BackendError) -> GuestUUID) throws(BackendError) {
    var document: XMLElement
    do { document = try XMLElement.parse(Array(xml.utf8)) } catch {
      throw .malformed("(domain_definition): \(error.summary)")
    }
    try DomainSchema.check(document)
    name = try Self.name(document)
    if let text = document.text(at: "uuid") {
      guard let found = GuestUUID(rawValue: text) else { throw .malformed("malformed uuid element") }
      uuid = found
    } else {
      uuid = try fresh()
      document.insert(XMLElement("uuid", text: uuid.rawValue), before: "memory")
    }
    vcpus = try Self.vcpus(document)
    maxMemory = try MemorySize.bytes(document, "memory")
    memory =
      document.child("currentMemory") == nil
      ? maxMemory : min(maxMemory, try MemorySize.bytes(document, "currentMemory"))
    guard let type = document.text(at: "os/type") else { throw .malformed("an os <type> must be specified") }
    osType = type
    boot = try BootSource(document)
    cpu = try CPUChoice(document)
    endsOnReboot = document.text(at: "on_reboot") == "destroy"
    launchSecurity = try document.child("launchSecurity").map {
      (element) throws(BackendError) in try LaunchSecurityDefinition(element)
    }
    if let launchSecurity {
      document.edit(at: "launchSecurity/policy") { $0.setText(launchSecurity.policyText) }
    }
    self.document = document
  }

  /// The document as libvirt writes one.
  func text() throws(BackendError) -> String {
    do { return try XMLText.serialize(document) } catch {
      throw .malformed("(domain_definition): \(error.summary)")
    }
  }

  private static func name(_ document: XMLElement) throws(BackendError) -> String {
    let name = document.text(at: "name") ?? ""
    guard !name.isEmpty else { throw .malformed("missing name for domain") }
    guard !name.contains("/") else { throw .malformed("name \(name) cannot contain '/'") }
    guard !name.contains("\n") else { throw .malformed("name \(name) cannot contain '\\n'") }
    return name
  }

  private static func vcpus(_ document: XMLElement) throws(BackendError) -> Int {
    guard let text = document.text(at: "vcpu") else { return 1 }
    guard let most = Int(text), most > 0, most <= 4096 else {
      throw .malformed("maximum vcpus count must be an integer from 1 to 4096")
    }
    guard let current = document.attribute("current", at: "vcpu") else { return most }
    guard let now = Int(current), now > 0, now <= most else {
      throw .malformed("current vcpus count must be an integer from 1 to \(most)")
    }
    return now
  }
}
