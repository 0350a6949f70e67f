import CVMCore

extension SecretPacketDescription: Renderable {
  static let columns: [Column<SecretPacketDescription>] = [
    Column("Header") { $0.headerFile },
    Column("Payload") { $0.payloadFile },
    Column("Payload size") { String($0.payloadSize) },
    Column("IV") { $0.iv },
    Column("MAC") { $0.mac },
    Column("Authentic") { packet in packet.authentic.map { $0 ? "yes" : "no" } ?? "not checked" },
    Column("Secrets") { packet in
      packet.secrets.isEmpty
        ? "-" : packet.secrets.map { "\($0.guid) (\($0.size) bytes)" }.joined(separator: ", ")
    },
  ]
}
