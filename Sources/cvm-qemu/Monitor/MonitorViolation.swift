/// Why a monitor connection has to end: what came over it is not QMP, or more than anybody needs.
enum MonitorViolation: Error, Equatable {
  /// Bytes.
  case messageTooLong(limit: Int)
  case tooManyDescriptors(limit: Int)
}
