import CVMCore
import Glibc

/// Where a state is.
struct StatePlace: Renderable {
  let directory: String
  /// What says so: `--state-dir`, `CVMCTL_STATE_DIR`, a file's path, or `default`.
  let origin: String
  let exists: Bool
  let database: String
  let rootKey: String
  let agentSocket: String
  let locks: String
  let simulatedHosts: String
  let simulated = false

  init(_ settings: Settings) {
    let place = settings["state-dir"]
    directory = place
    origin = settings.all.first { $0.key == "state-dir" }?.origin ?? "default"
    exists = unsafe access(place, F_OK) == 0
    database = place + "/state.db"
    rootKey = place + "/vault/root.key"
    agentSocket = place + "/vault/agent.sock"
    locks = place + "/locks"
    simulatedHosts = place + "/sim"
  }

  static let columns: [Column<StatePlace>] = [
    Column("DIRECTORY") { $0.directory },
    Column("ORIGIN") { $0.origin },
    Column("EXISTS") { $0.exists ? "yes" : "no" },
    Column("DATABASE") { $0.database },
    Column("ROOT KEY") { $0.rootKey },
    Column("AGENT") { $0.agentSocket },
    Column("LOCKS") { $0.locks },
    Column("SIMULATED HOSTS") { $0.simulatedHosts },
  ]
}

extension StateCheckRow: Renderable {
  static let columns: [Column<StateCheckRow>] = [
    Column("CHECK") { $0.check },
    Column("OUTCOME") { $0.outcome.rawValue },
    Column("DETAIL") { $0.detail },
  ]
}

extension StateBackup: Renderable {
  static let columns: [Column<StateBackup>] = [
    Column("FILE") { $0.file },
    Column("DIRECTORY") { $0.directory },
    Column("MADE") { $0.madeAt },
    Column("DATABASE") { "\($0.databaseSize) bytes" },
    Column("SHA-256") { $0.databaseSha256 },
    Column("ROOT KEY") { $0.rootKey ?? "-" },
    Column("RECORDS") { String($0.records) },
    Column("REPLACED") { $0.replaced ?? "-" },
  ]
}
