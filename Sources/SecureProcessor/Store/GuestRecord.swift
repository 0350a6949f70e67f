import Bytes
import CVMCrypto
import SEV

/// A file `guests/NNNN.context`: one guest's context. Little-endian.
///
/// | size | field                                                                       |
/// |-----:|-----------------------------------------------------------------------------|
/// |   16 | context id, as in the platform's guest table                                |
/// |    4 | handle                                                                      |
/// |    4 | policy                                                                      |
/// |    1 | state                                                                       |
/// |    1 | bit 0: digest present, bit 1: measurement present, bit 2: TEK, TIK present  |
/// |   32 | launch digest, or zeros                                                     |
/// |   32 | measurement, or zeros                                                       |
///
/// Secret part: VEK 32; TEK 16 and TIK 16 with bit 2.
enum GuestRecord {
  private static let zeros = [UInt8](repeating: 0, count: 32)

  /// Nil for a guest whose digest still runs.
  static func open(_ context: GuestContext, _ contextID: [UInt8], _ handle: GuestHandle) -> [UInt8]? {
    let digest: [UInt8]?
    switch context.digest {
    case .open: return nil
    case .closed(let bytes): digest = bytes
    case .absent: digest = nil
    }
    var writer = ByteWriter()
    writer.append(contextID)
    writer.littleEndian(handle)
    writer.littleEndian(context.policy.rawValue)
    let present = [digest != nil, context.measurement != nil, context.transportKeys != nil]
    let flags: UInt8 = present.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) }
    writer.append([context.state.rawValue, flags])
    writer.append(digest ?? zeros)
    writer.append(context.measurement ?? zeros)
    return writer.bytes
  }

  static func secret(_ context: GuestContext) -> SecretBytes {
    SecretBytes.joined(
      [context.memoryKey] + (context.transportKeys.map { [$0.joined] } ?? []))
  }

  static func parse(
    _ envelope: StateEnvelope, _ handle: GuestHandle, _ slot: GuestSlot, file: String
  ) throws(PlatformError) -> GuestContext {
    let context = try parsed(file) { () throws(FormatError) in
      try read(envelope, handle, slot.contextID)
    }
    let isMeasured = context.state == .launchSecret
    guard !isMeasured || (context.transportKeys != nil && context.measurement != nil) else {
      throw .corrupt(file: file, reason: "impossible state")
    }
    return context
  }

  private static func read(
    _ envelope: StateEnvelope, _ handle: GuestHandle, _ contextID: [UInt8]
  ) throws(FormatError) -> GuestContext {
    var cursor = ByteCursor(envelope.open, format: "guest context")
    guard try cursor.array(GuestSlot.contextIDSize) == contextID else {
      throw FormatError("guest context", at: 0, .invalid(field: "context id", reason: "another guest's"))
    }
    try cursor.require(handle, field: "handle")
    let policy: UInt32 = try cursor.littleEndian()
    let number: UInt8 = try cursor.littleEndian()
    let flags: UInt8 = try cursor.littleEndian()
    let digest = try cursor.array(32)
    let measurement = try cursor.array(32)
    try cursor.finish()
    guard let state = GuestState(rawValue: number), state != .uninitialized, state != .launchUpdate else {
      throw FormatError("guest context", at: 24, .invalid(field: "state", reason: "cannot be stored"))
    }
    let keys = try keys(envelope.secret, transport: flags & 4 != 0)
    return GuestContext(
      policy: SEVPolicy(rawValue: policy), state: state, memoryKey: keys.memory,
      transportKeys: keys.transport, digest: flags & 1 != 0 ? .closed(digest) : .absent,
      measurement: flags & 2 != 0 ? measurement : nil)
  }

  private static func keys(
    _ secret: SecretBytes, transport: Bool
  ) throws(FormatError) -> (memory: SecretBytes, transport: TransportKeys?) {
    let size = AES128XTS.keySize
    guard secret.count == size + (transport ? 32 : 0), let memory = secret.slice(0..<size) else {
      throw FormatError("guest context", at: 0, .invalid(field: "keys", reason: "wrong size"))
    }
    guard transport, let joined = secret.slice(size..<secret.count) else { return (memory, nil) }
    do {
      return (memory, try TransportKeys(joined: joined))
    } catch {
      throw FormatError("guest context", at: 0, .invalid(field: "keys", reason: "wrong size"))
    }
  }
}
