internal import Bytes
internal import SEV

/// ASK and ARK in one file, in either order. Their sizes may differ, since one ARK was published without
/// its signature.
enum CABundle {
  typealias Parsed = Result<CACertificate, FormatError>

  private static let format = "ASK and ARK"

  /// The two certificates, each of which may have failed to parse. Throws where the file's size is not
  /// that of two certificates.
  static func split(_ bytes: [UInt8]) throws(FormatError) -> (ask: Parsed?, ark: Parsed?) {
    let size = try firstSize(of: bytes)
    let (first, second) = (parsed(Array(bytes[..<size])), parsed(Array(bytes[size...])))
    // AMD's files have the ASK first; a certificate that parses says itself what it is.
    let isReversed = usage(first) == .ark || usage(second) == .ask
    return isReversed ? (second, first) : (first, second)
  }

  /// Where the second certificate starts. Where the file's size leaves a choice, the first certificate's
  /// header decides.
  private static func firstSize(of bytes: [UInt8]) throws(FormatError) -> Int {
    let choices = CACertificate.sizes.filter { CACertificate.sizes.contains(bytes.count - $0) }
    guard let only = choices.first else {
      throw FormatError(format, at: 0, .wrongSize(expected: 3200, found: bytes.count))
    }
    guard choices.count > 1 else { return only }
    do {
      let claimed = try CACertificate.size(ofFirstIn: bytes)
      return choices.contains(claimed) ? claimed : only
    } catch {
      return only
    }
  }

  private static func parsed(_ bytes: [UInt8]) -> Parsed {
    do { return .success(try CACertificate(parsing: bytes)) } catch { return .failure(error) }
  }

  private static func usage(_ certificate: Parsed) -> CertificateUsage? {
    switch certificate {
    case .success(let certificate): certificate.usage
    case .failure: nil
    }
  }
}
