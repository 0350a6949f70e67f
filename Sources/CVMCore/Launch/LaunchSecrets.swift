import Attestation
import Bytes
import CVMCrypto
import SEV

/// The secrets of one launch, read and checked before the guest is started.
struct LaunchSecrets {
  let table: SecretTable?

  /// Reads every source. A secret that the definition names must be given; a name that stands for none is an error.
  /// A secret that the definition takes from a key need not be given.
  init(
    _ sources: [SecretSource], expected: [GuestSecret],
    openKey: (String) throws(CoreError) -> SecretBytes = { name throws(CoreError) in
      throw .notFound(.key, name)
    }
  ) throws(CoreError) {
    let sources = sources + Self.fromKeys(expected, besides: sources)
    var entries: [SecretTable.Entry] = []
    var given: Set<String> = []
    for source in sources {
      guard let guid = SecretTable.guid(named: expected.first { $0.name == source.name }?.guid ?? source.name)
      else {
        throw .usage(
          "secret '\(source.name)' is no GUID, not 'luks-key', and no secret of the guest's definition",
          hint: expected.isEmpty
            ? nil : "the definition names: \(expected.map(\.name).joined(separator: ", "))")
      }
      given.insert(guid.description)
      entries.append(SecretTable.Entry(guid: guid, secret: try source.read(openKey: openKey)))
    }
    if let missing = expected.first(where: { !given.contains($0.guid) }) {
      throw .usage(
        "the guest expects secret '\(missing.name)'", hint: "give it: --secret \(missing.name)=@FILE")
    }
    guard !entries.isEmpty else {
      table = nil
      return
    }
    do {
      table = try SecretTable(entries)
    } catch {
      throw .usage(error.summary)
    }
  }

  private static func fromKeys(_ expected: [GuestSecret], besides given: [SecretSource]) -> [SecretSource] {
    expected.compactMap { secret in
      let isGiven = given.contains { $0.name == secret.name || $0.name == secret.guid }
      return isGiven ? nil : secret.key.map { SecretSource(name: secret.name, key: $0) }
    }
  }

  /// Throws unless the firmware publishes a secret area that takes the table.
  func requireArea(of firmware: FirmwareImage, path: String) throws(CoreError) {
    guard let table else { return }
    guard let area = firmware.secretArea, area.isOffered else {
      throw .unsupportedFirmware(path: path, .noSecretArea)
    }
    guard table.size <= area.size else {
      throw .unsupportedFirmware(path: path, .secretAreaTooSmall(needed: table.size, area: area.size))
    }
    guard area.base.isMultiple(of: 16) else {
      throw .unsupported("\(path): \(SecretTableError.areaMisaligned(area).summary)")
    }
  }

  /// The table encrypted for one appraised launch.
  func packet(for launch: AppraisedLaunch, keys: TransportKeys) throws(CoreError) -> SecretPacket? {
    guard let table else { return nil }
    let plaintext: SecretBytes
    do {
      plaintext = try table.plaintext()
    } catch {
      throw .usage(error.summary)
    }
    do {
      return try launch.seal(plaintext, keys: keys, iv: try Random.bytes(SecretPacket.ivSize))
    } catch {
      throw .crypto(error)
    }
  }
}
