import SEV

extension Core {
  /// What a recorded guest's digest is made from.
  package func digestRequest(
    guest name: String, _ references: ReferenceFiles
  ) throws(CoreError) -> DigestRequest {
    guard let guest = try recordedGuest(name) else { throw .notFound(.guest, name) }
    return try DigestRequest(try guest.definition(), references, hostSignature: hostSignature)
  }

  /// As `digestRequest(guest:_:)` for a definition that is not stored.
  package func digestRequest(
    source: DefinitionSource, _ references: ReferenceFiles
  ) throws(CoreError) -> DigestRequest {
    try DigestRequest(
      try planDefinition(source, DefinitionOverrides()).definition, references, hostSignature: hostSignature)
  }

  /// The signature of this machine's CPU, for guests that get it passed through. Nil where the guest runs elsewhere.
  func hostSignature() -> CPUSignature? { HostURI.isRemote(uri) ? nil : LocalCPU.read()?.signature }
}
