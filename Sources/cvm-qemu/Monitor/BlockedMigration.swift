import Documents

/// What QEMU adds to `query-migrate` for an SEV guest: it never migrates, so libvirt neither saves nor dumps it. The real
/// QEMU behind us sees a plain guest and would write its memory out.
enum BlockedMigration {
  /// The reply with the reason in it. An error stays one; what cannot be read becomes the bare reason.
  static func told(in reply: [UInt8]) -> [UInt8] {
    let object = JSONObject(parsing: reply)
    guard object?["error"] == nil else { return reply }
    var status = object?.object("return") ?? JSONObject()
    status["blocked-reasons"] = .array([.string(MonitorRefusal.migration.text)])
    return MonitorReply.success(status.value, id: object?["id"])
  }
}
