package import SEV

/// Measured VMSA pages as files, as sev-snp-measure writes them: `vmsa0.bin` and up, 4096 bytes each.
package enum VMSAFiles {
  /// Writes a file for each vCPU into the working directory. Throws where one of them is there already, before the first is written.
  package static func write(_ pages: VMSAPages) throws(CoreError) {
    let paths = (0..<pages.count).map { "vmsa\($0).bin" }
    for path in paths { try OutputFile.requireAbsent(path) }
    for (vcpu, path) in paths.enumerated() { try OutputFile.create(path, pages[vcpu], mode: 0o644) }
  }
}
