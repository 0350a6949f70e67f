import Attestation
import Foundation
import SEV
import Testing

/// Holds AMD's own files against the pins. They are not part of this project: the environment variable
/// `CVM_REAL_CHAINS` names a directory with PRODUCT-ark.cert, PRODUCT-ask.cert and, for chips at hand,
/// PRODUCT-{cek,oca,pek,pdh}.cert.
@Suite struct RealChainTests {
  static let directory = ProcessInfo.processInfo.environment["CVM_REAL_CHAINS"]

  static func file(_ product: AMDProduct, _ certificate: String) -> [UInt8]? {
    guard let directory else { return nil }
    let data = FileManager.default.contents(atPath: "\(directory)/\(product.rawValue)-\(certificate).cert")
    return data.map { Array($0) }
  }

  @Test(.enabled(if: directory != nil), arguments: AMDProduct.allCases)
  func `AMD's roots are the pinned ones and sign as the format says`(_ product: AMDProduct) throws {
    let ark = try CACertificate(parsing: #require(Self.file(product, "ark")))
    let ask = try CACertificate(parsing: #require(Self.file(product, "ask")))
    #expect(try ark.isSigned(by: ark) && ask.isSigned(by: ark))
    let pins = AMDRoots.pins.filter { $0.product == product }
    #expect(try pins.map(\.modulus) == [ark.modulusDigest(), ask.modulusDigest()])
  }

  @Test(.enabled(if: directory != nil), arguments: [AMDProduct.naples, .rome])
  func `a real chip's chain is accepted under AMD's pins, and no changed bit of it`(
    _ product: AMDProduct
  ) throws {
    let parts = try ["pdh", "pek", "oca", "cek", "ask", "ark"].map { try #require(Self.file(product, $0)) }
    let bytes = Array(parts.joined())
    let result = try PlatformChain(sev: bytes).verify(against: .amd)
    #expect(result.isAccepted && result.product == product, "\(result.checks)")
    for index in stride(from: 0, to: bytes.count, by: 61) {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      #expect(try !PlatformChain(sev: changed).verify(against: .amd).isAccepted, "byte \(index)")
    }
  }
}
