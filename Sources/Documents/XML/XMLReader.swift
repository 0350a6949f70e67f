import CExpat

extension XMLElement {
  /// Reads one document. A DOCTYPE is refused, and with it every entity of the document's own (external
  /// files, "billion laughs"); comments and processing instructions are passed over.
  package static func parse(
    _ bytes: [UInt8], limits: DocumentLimits = .standard
  ) throws(DocumentError) -> XMLElement {
    try limits.admit(bytes)
    if let nul = bytes.firstIndex(of: 0) {
      throw DocumentError(.syntax, in: bytes, at: nul, "a NUL character")
    }
    return try XMLReader(limits: limits).read(bytes)
  }
}

/// One reading of one document: owns the expat parser and hands its events to the tree builder.
@safe private final class XMLReader {
  private let parser: XML_Parser
  private var builder: XMLTreeBuilder
  private var failure: DocumentError?

  init(limits: DocumentLimits) throws(DocumentError) {
    builder = XMLTreeBuilder(limits: limits)
    // UTF-8 whatever the document declares: its bytes are checked already.
    guard let fresh = unsafe XML_ParserCreate("UTF-8") else { throw DocumentError(.memory, "no memory") }
    unsafe parser = fresh
  }

  deinit { unsafe XML_ParserFree(parser) }

  func read(_ bytes: [UInt8]) throws(DocumentError) -> XMLElement {
    listen()
    let status = unsafe bytes.withUnsafeBytes { buffer in
      // `admit` has bounded the count far below Int32.max.
      unsafe XML_Parse(
        parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
    }
    if let failure { throw failure }
    guard status == XML_STATUS_OK, let root = builder.root else { throw expatError() }
    return root
  }

  /// expat calls back with this object, which outlives the call of `XML_Parse`.
  private func listen() {
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { unsafe XMLReader.from($0)?.start($1, $2) },
      { context, _ in unsafe XMLReader.from(context)?.end() })
    unsafe XML_SetCharacterDataHandler(parser) { unsafe XMLReader.from($0)?.text($1, $2) }
    unsafe XML_SetXmlDeclHandler(parser) { context, _, encoding, _ in
      unsafe XMLReader.from(context)?.declaration(encoding)
    }
    unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
      unsafe XMLReader.from(context)?.refuse(.doctype, "a DOCTYPE is not accepted")
    }
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> XMLReader? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<XMLReader>.fromOpaque(context).takeUnretainedValue()
  }

  private func start(
    _ name: UnsafePointer<CChar>?, _ list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
  ) {
    guard failure == nil, let name = unsafe name else { return }
    var attributes: [XMLAttribute] = []
    if let list = unsafe list {
      var index = 0  // name, value, name, value, …, NULL
      while let name = unsafe list[index], let value = unsafe list[index + 1] {
        unsafe attributes.append(XMLAttribute(name: String(cString: name), value: String(cString: value)))
        index += 2
      }
    }
    attempt { () throws(DocumentError) in
      unsafe try builder.start(String(cString: name), attributes, line: line, column: column)
    }
  }

  private func end() {
    attempt { () throws(DocumentError) in try builder.end(line: line, column: column) }
  }

  private func text(_ bytes: UnsafePointer<CChar>?, _ count: CInt) {
    guard failure == nil, let bytes = unsafe bytes else { return }
    unsafe UnsafeBufferPointer(start: bytes, count: Int(count)).withMemoryRebound(to: UInt8.self) {
      unsafe builder.text($0)
    }
  }

  private func declaration(_ encoding: UnsafePointer<CChar>?) {
    guard let encoding = unsafe encoding else { return }
    let name = unsafe String(cString: encoding).uppercased()
    guard name != "UTF-8", name != "US-ASCII" else { return }
    refuse(.encoding, "declared as \(DocumentError.quoted(name)), not UTF-8")
  }

  private func attempt(_ event: () throws(DocumentError) -> Void) {
    guard failure == nil else { return }
    do { try event() } catch { stop(error) }
  }

  private func refuse(_ kind: DocumentError.Kind, _ reason: String) {
    guard failure == nil else { return }
    stop(DocumentError(kind, line: line, column: column, reason))
  }

  private func stop(_ error: DocumentError) {
    failure = error
    _ = unsafe XML_StopParser(parser, 0)
  }

  private func expatError() -> DocumentError {
    let code = unsafe XML_GetErrorCode(parser)
    let reason = unsafe XML_ErrorString(code).map { unsafe String(cString: $0) } ?? "not well formed"
    switch code {
    case XML_ERROR_DUPLICATE_ATTRIBUTE: return DocumentError(.duplicate, line: line, column: column, reason)
    case XML_ERROR_NO_MEMORY: return DocumentError(.memory, line: line, column: column, reason)
    default: return DocumentError(.syntax, line: line, column: column, reason)
    }
  }

  private var line: Int { unsafe Int(clamping: XML_GetCurrentLineNumber(parser)) }
  private var column: Int { unsafe Int(clamping: XML_GetCurrentColumnNumber(parser)) + 1 }
}
