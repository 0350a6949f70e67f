import Bytes
import CVMCore
import SEV

/// `measure --igvm`: what a SEV-SNP guest measures to that is launched from an IGVM file.
enum MeasureIGVM {
  /// - Parameters:
  ///   - vcpus: a number, or nil for as many as the file has register states for.
  ///   - emptyPages: zero or normal; nil for zero.
  ///   - explains: shows every group of pages instead of the digest alone.
  static func show(
    _ file: String, vcpus: String?, emptyPages: String?, explains: Bool, base64: Bool, _ global: GlobalOptions
  ) throws {
    let prediction = try IGVMPrediction.predict(
      file, vcpus: try vcpus.map { Int(try Number.unsigned($0, "--vcpus", as: UInt16.self)) },
      emptyPages: try pages(emptyPages))
    let output = try global.settings().output
    try global.show(warnings: prediction.warnings)
    if explains, output == .table || output == .wide {
      return try Terminal.out(try output.text(of: .list(prediction.pages)))
    }
    let digest = base64 ? Base64.encode(Hex.decode(prediction.digest) ?? []) : prediction.digest
    try global.show(document: digest + "\n", as: prediction)
  }

  private static func pages(_ text: String?) throws -> IGVMFile.EmptyPages {
    guard let text else { return .zero }
    guard let pages = IGVMFile.EmptyPages(rawValue: text) else {
      throw UsageError("--empty-pages is zero or normal")
    }
    return pages
  }
}

extension IGVMPrediction.PageGroup: Renderable {
  static let columns: [Column<IGVMPrediction.PageGroup>] = [
    Column("GPA") { $0.gpa },
    Column("PAGES") { String($0.pages) },
    Column("TYPE") { $0.type },
    Column("DIGEST") { $0.digest },
  ]
}
