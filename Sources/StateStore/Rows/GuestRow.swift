package import Bytes

/// A guest as lists show it. The store keeps texts and numbers; what they mean is their writer's business.
package struct GuestSummary: Equatable, Sendable {
  package let tenant: String
  package let uri: String
  package let name: String
  package let uuid: String
  package let type: String
  package let policyName: String?
  package let policyVersion: Int64?
  package let policyValue: UInt64?
  /// JSON.
  package let labels: String
}

/// What a caller gives for a guest: everything but tenant, times and revision.
package struct GuestContent: Equatable, Sendable {
  package var uri: String
  package var name: String
  package var uuid: String
  package var type: String
  package var policyName: String?
  package var policyVersion: Int64?
  package var policyValue: UInt64?
  /// JSON.
  package var labels: String
  /// The domain XML.
  package var definition: String
  /// JSON: which secrets a launch injects; never their values.
  package var secrets: String

  package init(
    uri: String, name: String, uuid: String, type: String, policyName: String? = nil,
    policyVersion: Int64? = nil, policyValue: UInt64? = nil, labels: String = "{}", definition: String,
    secrets: String = "{}"
  ) {
    self.uri = uri
    self.name = name
    self.uuid = uuid
    self.type = type
    self.policyName = policyName
    self.policyVersion = policyVersion
    self.policyValue = policyValue
    self.labels = labels
    self.definition = definition
    self.secrets = secrets
  }
}

/// A whole guest.
package struct GuestRow: Equatable, Sendable {
  package let summary: GuestSummary
  package let definition: String
  package let secrets: String
  package let createdAt: Timestamp
  package let updatedAt: Timestamp
  /// 1 when it is made, 1 more with every change.
  package let revision: Int64

  /// To be changed and written back.
  package var content: GuestContent {
    GuestContent(
      uri: summary.uri, name: summary.name, uuid: summary.uuid, type: summary.type,
      policyName: summary.policyName,
      policyVersion: summary.policyVersion, policyValue: summary.policyValue, labels: summary.labels,
      definition: definition, secrets: secrets)
  }
}
