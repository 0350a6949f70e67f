import CVMCrypto
import Glibc
import SEV

extension MeasuredFirmware {
  private static let last = RememberedFile<MeasuredFirmware>()

  /// Reads a firmware file, a piece at a time. Throws `.malformedBytes` for a damaged table.
  init(file path: String) throws(CoreError) {
    let file = try Descriptor(opening: path)
    let facts = try file.regular(path, limit: InputFile.firmwareLimit)
    self = try Self.last.content(of: facts) { () throws(CoreError) in
      try Self.read(file, path, size: Int(facts.st_size))
    }
  }

  private static func read(_ file: borrowing Descriptor, _ path: String, size: Int) throws(CoreError)
    -> MeasuredFirmware
  {
    let stream: SHA256.Stream
    do { stream = try SHA256.Stream() } catch { throw .crypto(error) }
    var (tail, count): ([UInt8], Int) = ([], 0)
    try file.read(path, limit: size) { piece in
      unsafe piece.withUnsafeBytes { stream.update($0) }
      count += piece.count
      tail = (tail + piece.suffix(FirmwareImage.tailSize)).suffix(FirmwareImage.tailSize)
    }
    guard count == size else { throw .file(path: path, .changed) }
    let image: FirmwareImage
    do { image = try FirmwareImage(tail: tail, size: size) } catch {
      throw .malformedBytes(source: path, error)
    }
    do { return try MeasuredFirmware(image, stream) } catch { throw .crypto(error) }
  }
}
