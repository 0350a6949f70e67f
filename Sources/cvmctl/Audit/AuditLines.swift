import ArgumentParser
import Bytes
import Documents
import Glibc
import StateStore

/// Forms in which other systems take records.
enum AuditFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// The records as they are hashed.
  case jsonl
  /// ArcSight's Common Event Format, version 0.
  case cef
  /// RFC 5424 with the record as its message.
  case syslog
}

/// Records as lines of a format. No text of a record can end a line or steer a terminal.
struct AuditLines {
  private let format: AuditFormat
  private let host: String

  init(_ format: AuditFormat) {
    self.format = format
    host = format == .syslog ? Self.hostName : ""
  }

  func line(_ entry: AuditEntry) -> String {
    switch format {
    case .jsonl: String(decoding: entry.bytes, as: UTF8.self)
    case .cef: Self.cef(entry)
    case .syslog: syslog(entry)
    }
  }

  /// An act that was refused, or did not succeed.
  private static func isFailure(_ entry: AuditEntry) -> Bool {
    entry.outcome == "failed" || entry.outcome == "unknown"
  }

  // MARK: RFC 5424

  /// Facility 13 (log audit), severity 6 (informational) or 4 (warning); names are printable ASCII of limited length,
  /// section 6.
  private func syslog(_ entry: AuditEntry) -> String {
    let priority = 13 * 8 + (Self.isFailure(entry) ? 4 : 6)
    let act = Self.name(entry.record.act, limit: 32)
    let record = String(decoding: entry.bytes, as: UTF8.self)
    return "<\(priority)>1 \(entry.record.time) \(host) cvmctl - \(act) - \(record)"
  }

  private static func name(_ text: String, limit: Int) -> String {
    let isName =
      !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { (0x21..<0x7F).contains($0) }
    return isName ? text : "-"
  }

  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "-" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return name(String(decoding: bytes, as: UTF8.self), limit: 255)
  }

  // MARK: CEF

  private static func cef(_ entry: AuditEntry) -> String {
    let record = entry.record
    let header = [
      "cvmctl", "cvmctl", Product.version, record.act, "\(record.act) \(entry.phase.rawValue)",
      isFailure(entry) ? "6" : "3",
    ].map { escaped($0, "|") }
    let milliseconds = record.time.seconds * 1000 + Int64(record.time.nanoseconds) / 1_000_000
    let detail = (try? JSONText.emit(record.detail, pretty: false)) ?? "{}"
    var fields: [(String, String)] = [
      ("rt", String(milliseconds)), ("externalId", String(entry.sequence)), ("suser", record.actor),
      ("cs1Label", "tenant"), ("cs1", record.tenant), ("cs2Label", "object"), ("cs2", record.object),
    ]
    if let attempt = entry.attempt { fields += [("cn1Label", "attempt"), ("cn1", String(attempt))] }
    fields += [("outcome", entry.outcome), ("msg", detail)]
    let extensions = fields.map { "\($0.0)=\(escaped($0.1, "="))" }.joined(separator: " ")
    return (["CEF:0"] + header + [extensions]).joined(separator: "|")
  }

  /// Backslashes and the separator get a backslash; controls are shown as escapes first.
  private static func escaped(_ text: String, _ separator: Unicode.Scalar) -> String {
    var safe = String.UnicodeScalarView()
    for scalar in TerminalSafe.escape(text).unicodeScalars {
      if scalar == "\\" || scalar == separator { safe.append("\\") }
      safe.append(scalar)
    }
    return String(safe)
  }
}
