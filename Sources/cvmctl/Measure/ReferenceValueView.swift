import CVMCore

/// A reference value as commands show it.
struct ReferenceValueView: Renderable {
  let tenant: String
  let name: String
  let version: Int
  let expected: LaunchFacts
  let toolVersion: String
  let madeAt: String
  let validFrom: String?
  let validUntil: String?
  let signingKey: ReferenceValue.SigningKey
  /// Nil where nobody has looked at it.
  let signature: ShownReference.Signature?
  let importedFrom: ReferenceValue.Origin?
  let simulated = false

  init(_ value: ReferenceValue, signature: ShownReference.Signature? = nil) {
    tenant = value.tenant
    name = value.name
    version = value.version
    expected = value.expected
    toolVersion = value.toolVersion
    madeAt = value.madeAt
    validFrom = value.validFrom
    validUntil = value.validUntil
    signingKey = value.signingKey
    self.signature = signature
    importedFrom = value.importedFrom
  }

  static let columns: [Column<ReferenceValueView>] = [
    Column("NAME") { $0.name },
    Column("VERSION") { String($0.version) },
    Column("TYPE") { $0.expected.type.rawValue },
    Column("DIGEST") { $0.expected.digest },
    Column("VALID UNTIL") { $0.validUntil ?? "-" },
    Column("VALID FROM", wide: true) { $0.validFrom ?? "-" },
    Column("POLICY", wide: true) { $0.expected.policy ?? "-" },
    Column("FIRMWARE", wide: true) { $0.expected.firmware?.path ?? "-" },
    Column("KEY", wide: true) { "\($0.signingKey.name)@\($0.signingKey.version)" },
    Column("MADE", wide: true) { $0.madeAt },
  ]

  var details: [(key: String, value: String)] {
    func text(_ file: LaunchFacts.MeasuredFile?) -> String {
      file.map { "\($0.path) (\($0.size) bytes, sha256 \($0.sha256))" } ?? "-"
    }
    var rows: [(key: String, value: String)] = [
      ("Name", name), ("Version", String(version)), ("Tenant", tenant), ("Type", expected.type.rawValue),
      ("Policy", expected.policy ?? "-"), ("Digest", expected.digest), ("Firmware", text(expected.firmware)),
      ("Kernel", text(expected.kernel)), ("Initrd", text(expected.initrd)),
      ("Command line", expected.commandLine.map { "'\($0.text)' (sha256 \($0.sha256))" } ?? "-"),
      ("vCPUs", expected.vcpus.map(String.init) ?? "-"), ("CPU signature", expected.cpuSignature ?? "-"),
      ("VMSA generation", expected.vmsaGeneration ?? "-"),
      ("Guest features", expected.guestFeatures ?? "-"), ("Tool version", toolVersion), ("Made", madeAt),
      ("Valid from", validFrom ?? "-"), ("Valid until", validUntil ?? "-"),
      ("Signed by", "key \(signingKey.name)@\(signingKey.version)"),
    ]
    if let signature { rows.append(("Signature", signature.rawValue)) }
    if let origin = importedFrom {
      rows.append(
        (
          "Imported from",
          "\(origin.name)@\(origin.version) of tenant '\(origin.tenant)', signed by \(origin.keyFingerprint)"
        ))
    }
    return rows
  }
}

/// A reference value that is gone.
struct DeletedReferenceView: Renderable {
  let name: String
  /// Nil: all versions.
  let version: Int64?
  let simulated = false

  static let columns: [Column<DeletedReferenceView>] = [
    Column("NAME") { $0.name },
    Column("VERSION") { $0.version.map(String.init) ?? "all" },
  ]
}

extension GlobalOptions {
  /// What became of a reference value.
  func show(changed value: ReferenceValue, _ past: String) throws {
    try show(
      ReferenceValueView(value),
      "Reference value '\(value.title)' (\(value.expected.type.rawValue), \(value.expected.digest)) \(past)")
  }

  func show(changed reference: ReferenceName, _ past: String) throws {
    let version = reference.version.map { "@\($0)" } ?? ""
    try show(
      DeletedReferenceView(name: reference.name, version: reference.version),
      "Reference value '\(reference.name)\(version)' \(past)")
  }

  private func show(_ view: some Renderable, _ line: String) throws {
    let output = try settings().output
    switch output {
    case .json, .yaml, .name: try Terminal.out(try output.text(of: .one(view)))
    case .table, .wide:
      guard !quiet else { return }
      try Terminal.out(TerminalSafe.escape(line) + "\n")
    }
  }
}
