private import COpenSSL

extension SHA384 {
  /// The hash of each `size` bytes of `bytes`, one behind the other. Bytes behind the last whole page are not hashed.
  package static func hashes(ofPages bytes: [UInt8], size: Int) throws(CryptoError) -> [UInt8] {
    guard size > 0 else { throw .invalidInput("pages of \(size) bytes") }
    let count = bytes.count / size
    return try array(count * Self.size) { (digests) throws(CryptoError) in
      try bytes.withBytes { (pages) throws(CryptoError) in
        for index in 0..<count {
          let code = unsafe cvm_sha384(
            pages.baseAddress?.advanced(by: index * size), size,
            digests.baseAddress?.advanced(by: index * Self.size).assumingMemoryBound(to: UInt8.self))
          guard code == 1 else { throw .drain("SHA384") }
        }
      }
    }
  }

  /// Replaces the first 48 bytes of `record` by the hash of all of it. A shorter record is an error.
  package static func fold(_ record: inout [UInt8]) throws(CryptoError) {
    guard record.count >= size else { throw .invalidInput("a record of \(record.count) bytes") }
    let code = unsafe record.withUnsafeMutableBytes { bytes in
      unsafe cvm_sha384(
        bytes.baseAddress, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    guard code == 1 else { throw .drain("SHA384") }
  }
}
