import CYAML

extension YAMLText {
  /// Reads the one document of a text, by YAML 1.2's core schema: `yes`, `no`, `on` and `off` are text.
  /// Aliases, anchors and tags are refused, a key given twice, and integers that no 64-bit type holds. No
  /// document at all is null.
  package static func parse(
    _ bytes: [UInt8], limits: DocumentLimits = .yaml
  ) throws(DocumentError) -> Value {
    try tree(bytes, limits: limits).value
  }

  /// As `parse`, with the line of every node.
  package static func tree(
    _ bytes: [UInt8], limits: DocumentLimits = .yaml
  ) throws(DocumentError) -> YAMLNode {
    try limits.admit(bytes)
    return try YAMLReader(bytes, limits: limits).read()
  }
}

/// One reading of one text: owns the libyaml parser and hands its events to the tree builder.
@safe private final class YAMLReader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private var builder: YAMLTreeBuilder
  private var documents = 0

  init(_ bytes: [UInt8], limits: DocumentLimits) throws(DocumentError) {
    builder = YAMLTreeBuilder(limits: limits)
    let fresh = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(fresh) == 1 else {
      unsafe fresh.deallocate()
      throw DocumentError(.memory, "no memory")
    }
    unsafe parser = fresh
    // libyaml reads from this copy until it is deleted.
    unsafe input = UnsafeMutableBufferPointer.allocate(capacity: bytes.count)
    _ = unsafe input.initialize(from: bytes)
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe input.deallocate()
  }

  func read() throws(DocumentError) -> YAMLNode {
    var event = unsafe yaml_event_t()
    while true {
      guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw libyamlError() }
      let type = unsafe event.type
      let outcome = Result { () throws(DocumentError) in unsafe try handle(event) }
      unsafe yaml_event_delete(&event)
      try outcome.get()
      guard type != YAML_STREAM_END_EVENT, type != YAML_NO_EVENT else { break }
    }
    return builder.root ?? YAMLNode(content: .scalar(.null, text: "", isPlain: true), line: 1, column: 1)
  }

  private func handle(_ event: yaml_event_t) throws(DocumentError) {
    let line = unsafe Int(clamping: event.start_mark.line) + 1
    let column = unsafe Int(clamping: event.start_mark.column) + 1
    switch unsafe event.type {
    case YAML_DOCUMENT_START_EVENT:
      documents += 1
      guard documents == 1 else {
        throw DocumentError(.severalDocuments, line: line, column: column, "a second document")
      }
    case YAML_ALIAS_EVENT:
      throw DocumentError(.alias, line: line, column: column, "aliases are not accepted")
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      unsafe try refuse(anchor: scalar.anchor, tag: scalar.tag, line: line, column: column)
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      try builder.scalar(text, isPlain: isPlain, line: line, column: column)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      unsafe try refuse(anchor: start.anchor, tag: start.tag, line: line, column: column)
      try builder.begin(isMapping: false, line: line, column: column)
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      unsafe try refuse(anchor: start.anchor, tag: start.tag, line: line, column: column)
      try builder.begin(isMapping: true, line: line, column: column)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: builder.end()
    default: break
    }
  }

  private func refuse(
    anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, line: Int, column: Int
  ) throws(DocumentError) {
    guard unsafe anchor == nil else {
      throw DocumentError(.alias, line: line, column: column, "anchors are not accepted")
    }
    guard unsafe tag == nil else {
      throw DocumentError(.tag, line: line, column: column, "tags are not accepted")
    }
  }

  private func libyamlError() -> DocumentError {
    let parser = unsafe self.parser.pointee
    let reason = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not well formed"
    switch unsafe parser.error {
    case YAML_MEMORY_ERROR: return DocumentError(.memory, "no memory")
    case YAML_READER_ERROR:
      let offset = unsafe Int(clamping: parser.problem_offset)
      return unsafe DocumentError(.encoding, in: Array(input), at: min(offset, input.count), reason)
    default:
      let mark = unsafe parser.problem_mark
      return DocumentError(
        .syntax, line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1, reason)
    }
  }
}
