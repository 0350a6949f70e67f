import Bytes
import CVMCrypto

/// The file `chip`: what a simulated processor was born with. Written once.
///
/// | size | field                                                     |
/// |-----:|-----------------------------------------------------------|
/// |    3 | API_MAJOR, API_MINOR, BUILD                               |
/// |    1 | bit 0: initialises SEV-ES, bit 1: memory encryption       |
/// |  4×4 | max ASID, MIN_SEV_ASID, C-bit, reduced physical bits      |
/// |   64 | GET_ID's answer                                           |
/// | 2084 | the CEK, signed by the ASK                                |
/// |  832 | ASK                                                       |
/// |  832 | ARK                                                       |
///
/// Secret part: the chip's 32-byte secret.
enum ChipRecord {
  static func envelope(_ model: ProcessorModel, _ chip: ChipIdentity) -> StateEnvelope {
    var writer = ByteWriter()
    writer.append([model.apiMajor, model.apiMinor, model.build])
    writer.append([(model.initializesES ? 1 : 0) | (model.memoryEncryption ? 2 : 0)])
    for number in [model.maxASID, model.minSEVASID, model.cbitPosition, model.reducedPhysicalBits] {
      writer.littleEndian(number)
    }
    writer.append(chip.id)
    writer.append(chip.signedCEK)
    writer.append(chip.ask)
    writer.append(chip.ark)
    return StateEnvelope(open: writer.bytes, secret: chip.secret)
  }

  static func parse(
    _ envelope: StateEnvelope, file: String
  ) throws(PlatformError) -> (ProcessorModel, ChipIdentity) {
    let found = try parsed(file) { () throws(FormatError) in try read(envelope) }
    guard found.0.isPlausible, envelope.secret.count == ChipIdentity.secretSize else {
      throw .corrupt(file: file, reason: "impossible processor")
    }
    return found
  }

  private static func read(_ envelope: StateEnvelope) throws(FormatError) -> (ProcessorModel, ChipIdentity) {
    var cursor = ByteCursor(envelope.open, format: "chip")
    var model = ProcessorModel()
    model.apiMajor = try cursor.littleEndian()
    model.apiMinor = try cursor.littleEndian()
    model.build = try cursor.littleEndian()
    let flags: UInt8 = try cursor.littleEndian()
    model.initializesES = flags & 1 != 0
    model.memoryEncryption = flags & 2 != 0
    model.maxASID = try cursor.littleEndian()
    model.minSEVASID = try cursor.littleEndian()
    model.cbitPosition = try cursor.littleEndian()
    model.reducedPhysicalBits = try cursor.littleEndian()
    let chip = ChipIdentity(
      id: try cursor.array(ChipIdentity.idSize), secret: envelope.secret,
      signedCEK: try cursor.array(ChipIdentity.certificateSize),
      ask: try cursor.array(ChipIdentity.caSize), ark: try cursor.array(ChipIdentity.caSize))
    try cursor.finish()
    return (model, chip)
  }
}
