import Bytes
import CVMCrypto
import Documents
import SEV

/// An ID block with its authentication, as it is shown. Digests and names in hex.
package struct IDBlockInfo: Encodable, Equatable, Sendable {
  package var idBlockFile: String
  package var idAuthFile: String
  package var measurement: String
  package var familyId: String
  package var imageId: String
  package var guestSvn: UInt32
  package var policy: String
  /// As reports carry them.
  package var idKeyDigest: String
  package var authorKeyDigest: String?
  /// Base64.
  package var idBlock: String
  package var idAuth: String
  /// libvirt's element for a guest that is launched with it.
  package var launchSecurity: String
  /// What the policy leaves open.
  package var warnings: [String]
  package let simulated = false

  init(_ block: IDBlock, _ auth: IDAuth, files: IDBlockFiles) throws(CoreError) {
    idBlockFile = files.block
    idAuthFile = files.auth
    measurement = Hex.encode(block.launchDigest)
    familyId = Hex.encode(block.familyID)
    imageId = Hex.encode(block.imageID)
    guestSvn = block.guestSVN
    policy = block.policy.description
    idBlock = Base64.encode(block.serialized())
    idAuth = Base64.encode(auth.serialized())
    do {
      idKeyDigest = Hex.encode(try auth.idKeyDigest())
      authorKeyDigest = try auth.authorKeyDigest().map(Hex.encode)
    } catch {
      throw .crypto(error)
    }
    warnings = PolicyValue(type: .sevSNP, rawValue: block.policy.rawValue).warnings
    launchSecurity = ""
    launchSecurity = try element(hasAuthor: auth.author != nil, policy: block.policy)
  }

  private func element(hasAuthor: Bool, policy: SNPPolicy) throws(CoreError) -> String {
    var element = XMLElement(
      "launchSecurity", attributes: ["type": "sev-snp"],
      elements: [
        XMLElement("policy", text: policy.description), XMLElement("idBlock", text: idBlock),
        XMLElement("idAuth", text: idAuth),
      ])
    if hasAuthor { element.attributes.append(XMLAttribute(name: "authorKey", value: "yes")) }
    do {
      return try XMLText.serialize(element)
    } catch {
      throw .malformedDocument(source: "launchSecurity", error)
    }
  }
}
