import ArgumentParser
import Bytes
import CVMCore

struct NodesevinfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "nodesevinfo", "Show what virsh nodesevinfo shows: PDH, chain, C-bit, limits.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let platform = try global.core().platform()
    try global.show(.one(NodeSEVInfo(platform.platform, simulated: platform.isSimulated)))
  }
}

/// virsh's keys as a table, ours as data.
struct NodeSEVInfo: Renderable {
  let pdh: String
  let certChain: String
  let cpu0Id: String?
  let cbitpos: UInt32
  let reducedPhysBits: UInt32
  let maxGuests: UInt32
  let maxEsGuests: UInt32
  let simulated: Bool

  init(_ platform: SEVPlatform, simulated: Bool) {
    pdh = Base64.encode(platform.pdh)
    certChain = Base64.encode(platform.certificateChain)
    cpu0Id = platform.cpu0ID.map { Base64.encode($0) }
    cbitpos = platform.cbitPosition
    reducedPhysBits = platform.reducedPhysicalBits
    maxGuests = platform.maxGuests
    maxEsGuests = platform.maxESGuests
    self.simulated = simulated
  }

  static let columns: [Column<NodeSEVInfo>] = [
    Column("pdh") { $0.pdh },
    Column("cert-chain") { $0.certChain },
    Column("cpu0-id") { $0.cpu0Id ?? "-" },
    Column("cbitpos") { String($0.cbitpos) },
    Column("reduced-phys-bits") { String($0.reducedPhysBits) },
    Column("max-guests") { String($0.maxGuests) },
    Column("max-es-guests") { String($0.maxEsGuests) },
    Column("simulated") { $0.simulated ? "yes" : "no" },
  ]
}
