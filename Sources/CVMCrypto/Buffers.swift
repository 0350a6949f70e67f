extension [UInt8] {
  /// The array's storage, lent to `body`; with typed throws, which the library's `withUnsafeBytes` lacks.
  @safe func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try unsafe withUnsafeBufferPointer { buffer throws(E) in try unsafe body(UnsafeRawBufferPointer(buffer)) }
  }
}

/// An array of `count` bytes that `body` writes.
@safe func array<E: Error>(
  _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
) throws(E) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  try unsafe bytes.withUnsafeMutableBufferPointer { buffer throws(E) in
    try unsafe body(UnsafeMutableRawBufferPointer(buffer))
  }
  return bytes
}
