import Bytes
import CVMCrypto
import SEV

/// Launch secrets in files: `PREFIX_header.bin` (52 bytes) and `PREFIX_payload.bin`, as `sevctl secret build` writes them.
package enum SecretFiles {
  static func paths(_ prefix: String) -> (header: String, payload: String) {
    (prefix + "_header.bin", prefix + "_payload.bin")
  }

  /// Encrypts `secrets` for the launch that gave `measurement` (base64 of 48 bytes). Everything is checked before a file is made.
  package static func build(
    tikFile: String, tekFile: String, measurement: String, secrets: [SecretSource], firmware: String?,
    prefix: String,
    base64: Bool
  ) throws(CoreError) -> SecretPacketDescription {
    let paths = paths(prefix)
    let measurement = try parse(measurement)
    let keys = try keys(tikFile, tekFile)
    let table = try table(secrets)
    do {
      let packet = try SecretPacket.seal(
        try table.plaintext(area: try area(of: firmware)), keys: keys, measurement: measurement.hmac,
        iv: try Random.bytes(SecretPacket.ivSize))
      try OutputFile.requireAbsent(paths.header)
      try OutputFile.requireAbsent(paths.payload)
      try OutputFile.create(paths.header, encoded(packet.header, base64))
      try OutputFile.create(paths.payload, encoded(packet.ciphertext, base64))
      return SecretPacketDescription(packet, paths: paths, authentic: true, table: table)
    } catch let error as CoreError {
      throw error
    } catch let error as SecretTableError {
      throw Self.refusal(error, firmware: firmware ?? "")
    } catch let error as CryptoError {
      throw .crypto(error)
    } catch {
      throw .usage("the secret cannot be built")
    }
  }

  package static func describe(
    prefix: String, tikFile: String?, tekFile: String?, measurement: String?
  ) throws(CoreError) -> SecretPacketDescription {
    let paths = paths(prefix)
    let packet = try load(prefix: prefix)
    guard let tikFile, let tekFile, let measurement else {
      return SecretPacketDescription(packet, paths: paths, authentic: nil, table: nil)
    }
    let plaintext: SecretBytes
    let keys = try keys(tikFile, tekFile)
    let hmac = try parse(measurement).hmac
    do {
      plaintext = try packet.open(keys: keys, measurement: hmac)
    } catch {
      throw .refused("the packet does not fit these keys and this measurement: \(error.summary)")
    }
    return SecretPacketDescription(
      packet, paths: paths, authentic: true, table: try? SecretTable(parsing: plaintext))
  }

  /// Reads a packet, raw or base64.
  static func load(prefix: String) throws(CoreError) -> SecretPacket {
    let paths = paths(prefix)
    return try load(header: paths.header, payload: paths.payload)
  }

  static func load(header: String, payload: String) throws(CoreError) -> SecretPacket {
    let headerBytes = try InputFile.read(header, limit: 1 << 16)
    let payloadBytes = try InputFile.read(payload, limit: 1 << 20)
    do {
      return try SecretPacket(
        header: decoded(headerBytes, raw: SecretPacket.headerSize), payload: decoded(payloadBytes, raw: nil))
    } catch {
      throw .malformedBytes(source: header, error)
    }
  }

  /// Raw bytes where they have the raw size; base64 where they are that.
  private static func decoded(_ bytes: [UInt8], raw: Int?) -> [UInt8] {
    if let raw, bytes.count == raw { return bytes }
    guard bytes.allSatisfy({ $0 < 0x80 }),
      let decoded = Base64.decode(String(decoding: bytes, as: UTF8.self).trimmingBlanks)
    else { return bytes }
    return decoded
  }

  private static func encoded(_ bytes: [UInt8], _ base64: Bool) -> [UInt8] {
    base64 ? Array(Base64.encode(bytes).utf8) : bytes
  }

  private static func parse(_ measurement: String) throws(CoreError) -> LaunchMeasurement {
    guard let bytes = Base64.decode(measurement) else { throw .usage("--measurement is not base64") }
    do {
      return try LaunchMeasurement(parsing: bytes)
    } catch {
      throw .malformedBytes(source: "--measurement", error)
    }
  }

  private static func keys(_ tikFile: String, _ tekFile: String) throws(CoreError) -> TransportKeys {
    let tik = try TransportKeyFile.read(tikFile)
    let tek = try TransportKeyFile.read(tekFile)
    do {
      return try TransportKeys(tek: tek, tik: tik)
    } catch {
      throw .crypto(error)
    }
  }

  private static func table(_ secrets: [SecretSource]) throws(CoreError) -> SecretTable {
    var entries: [SecretTable.Entry] = []
    for source in secrets {
      guard let guid = SecretTable.guid(named: source.name) else {
        throw .usage("'\(source.name)' is no GUID and not 'luks-key'")
      }
      guard case .file(let path) = source.origin else {
        throw .usage("a packet is built from files: '\(source.name)' names a key")
      }
      entries.append(
        SecretTable.Entry(guid: guid, secret: try InputFile.readSecret(path, anyMode: true)))
    }
    do {
      return try SecretTable(entries)
    } catch {
      throw .usage(error.summary)
    }
  }

  /// What is wrong with the secrets is the user's to mend; what is wrong with the firmware's area is not.
  private static func refusal(_ error: SecretTableError, firmware: String) -> CoreError {
    switch error {
    case .noArea: .unsupportedFirmware(path: firmware, .noSecretArea)
    case .areaTooSmall(let needed, let area):
      .unsupportedFirmware(path: firmware, .secretAreaTooSmall(needed: needed, area: area.size))
    case .areaMisaligned: .unsupported("\(firmware): \(error.summary)", hint: error.hint)
    case .noSecrets, .emptySecret, .repeated, .tooLarge: .usage(error.summary, hint: error.hint)
    }
  }

  private static func area(of firmware: String?) throws(CoreError) -> FirmwareArea? {
    guard let firmware else { return nil }
    guard let area = try MeasuredFirmware(file: firmware).image.secretArea, area.isOffered else {
      throw .unsupportedFirmware(path: firmware, .noSecretArea)
    }
    return area
  }
}

/// A packet without its secrets.
package struct SecretPacketDescription: Encodable, Equatable, Sendable {
  package var headerFile: String
  package var payloadFile: String
  /// Bytes.
  package var payloadSize: Int
  /// Hex.
  package var iv: String
  package var mac: String
  /// Nil where no keys were given to check with.
  package var authentic: Bool?
  package var secrets: [Entry]
  package var simulated = false

  package struct Entry: Encodable, Equatable, Sendable {
    package var guid: String
    /// Bytes.
    package var size: Int
  }

  init(
    _ packet: SecretPacket, paths: (header: String, payload: String), authentic: Bool?, table: SecretTable?
  ) {
    headerFile = paths.header
    payloadFile = paths.payload
    payloadSize = packet.ciphertext.count
    iv = Hex.encode(packet.iv)
    mac = Hex.encode(packet.mac)
    self.authentic = authentic
    secrets = (table?.entries ?? []).map { Entry(guid: $0.guid.description, size: $0.secret.count) }
  }
}
