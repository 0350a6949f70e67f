import Bytes
import Documents

/// Where a definition comes from: a file's path, or `-` for standard input.
package struct DefinitionSource: Equatable, Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  var name: String { path == "-" ? "standard input" : path }

  /// A domain document, whichever of the two formats the source is in, with what only a guest file can say.
  func read(newUUID: () throws(CoreError) -> GuestUUID) throws(CoreError) -> ReadDefinition {
    let bytes =
      path == "-"
      ? try InputFile.readStandardInput(limit: InputFile.smallLimit)
      : try InputFile.read(path, limit: InputFile.smallLimit)
    let start = bytes.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    return start == UInt8(ascii: "<") ? try domainXML(bytes) : try guestFile(bytes, newUUID)
  }

  private func domainXML(_ bytes: [UInt8]) throws(CoreError) -> ReadDefinition {
    do {
      let domain = try XMLElement.parse(bytes)
      return ReadDefinition(
        domain: domain, namesUUID: domain.child("uuid") != nil, launch: nil,
        labels: DomainXML.labels(in: domain), secrets: [], tenant: nil)
    } catch {
      throw .malformedDocument(source: name, error)
    }
  }

  private func guestFile(
    _ bytes: [UInt8], _ newUUID: () throws(CoreError) -> GuestUUID
  ) throws(CoreError) -> ReadDefinition {
    let root: YAMLNode
    do {
      root = try YAMLText.tree(bytes)
    } catch {
      throw .malformedDocument(source: name, error)
    }
    do {
      let file = try GuestFile(parsing: root)
      let uuid = if let uuid = file.uuid { uuid } else { try newUUIDOrProblem(newUUID) }
      return ReadDefinition(
        domain: file.domainXML(uuid: uuid), namesUUID: file.uuid != nil, launch: file.launch,
        labels: file.labels, secrets: file.secrets, tenant: file.tenant)
    } catch {
      throw .malformedGuest(source: name, error)
    }
  }

  private func newUUIDOrProblem(
    _ newUUID: () throws(CoreError) -> GuestUUID
  ) throws(GuestDefinitionProblem) -> GuestUUID {
    do {
      return try newUUID()
    } catch {
      throw GuestDefinitionProblem("no random UUID could be made")
    }
  }
}

/// A definition as it was read, before its policy is resolved.
struct ReadDefinition {
  var domain: XMLElement
  /// Whether the source itself says the UUID.
  var namesUUID: Bool
  /// A guest file's launch; domain XML has it inside.
  var launch: GuestFile.Launch?
  var labels: [String: String]
  var secrets: [GuestSecret]
  var tenant: String?
}

/// What the command line sets over a definition's own values.
package struct DefinitionOverrides: Equatable, Sendable {
  package var type: LaunchType?
  /// A policy's name or number.
  package var policy: String?
  package var labels: [String: String]

  package init(type: LaunchType? = nil, policy: String? = nil, labels: [String: String] = [:]) {
    self.type = type
    self.policy = policy
    self.labels = labels
  }
}
