import Foundation
import TestHarness

/// What every command prints as JSON on a simulated host, each with the section of cvmctl-json(5) that describes it.
struct PrintedDocuments: Sendable {
  static let current = Result { try PrintedDocuments() }

  private(set) var documents: [Document] = []
  /// The commands that were run, by their words.
  private(set) var commands: Set<String> = []

  private let scratch: ScratchDirectory
  private let cvmctl: Tool

  struct Document: Sendable {
    let section: String
    let text: String

    func value() throws -> Any {
      guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else {
        throw HarnessError("\(section): no JSON: \(text)")
      }
      return value
    }
  }

  private init() throws {
    scratch = try ScratchDirectory()
    cvmctl = Tool.cvmctl("sim:///", state: scratch.file("state")).with("-o", "json")
    try scratch.write(SecretFirmware.image, to: "firmware")
    try scratch.write("secret", to: "secret", mode: 0o600)
    try scratch.write(
      "name: g\nmemory: 64MiB\nfirmware: \(scratch.file("firmware"))\nlaunch: {type: sev}\nlabels: {a: b}\nsecrets: [{name: d, key: disk}]\n",
      to: "g.yaml")
    try scratch.write("name: plain\nmemory: 64MiB\n", to: "plain.yaml")
    try policies()
    try keys()
    try definitions()
    try idBlocks()
    try launchInPieces()
    try launchAtOnce()
    try hosts()
    try tenants()
    try auditLog()
    try vault()
    try recovery()
    try state()
    try errors()
  }

  private mutating func vault() throws {
    let passphrase = ["--passphrase-file", scratch.file("secret.long")]
    try scratch.write("a long secret", to: "secret.long", mode: 0o600)
    try print("Vault", "vault rekey", ["--seal", "passphrase"] + passphrase)
    try print("Vault", "vault unlock", passphrase)
    try print("Vault", "vault status")
    try print("Vault", "vault lock")
    try print("Vault", "vault unlock", passphrase)
    try print("Vault", "vault rekey", "--seal", "file")
    let fresh = scratch.file("fresh")
    try print("Vault", "vault init", "--seal", "file", "--state-dir", fresh)
  }

  private mutating func state() throws {
    try print("State place", "state where")
    try print("State check", "state check")
    try print("State backup", "state backup", scratch.file("backup"))
    try print(
      "State backup", "state restore", scratch.file("backup"), "--state-dir", scratch.file("restored"))
  }

  private mutating func policies() throws {
    try print("Policy", "policy create", "web", "0x3", "--note", "for web")
    try print("Policy", "policy edit", "web", "0xb")
    try print("Policy", "policy list")
    try print("Policy", "policy show", "default", "--type", "sev")
    try print("Policy", "policy check", "0x3")
    try print("Policy explanation", "policy explain", "0x1")
    try print("Policy", "policy delete", "web")
  }

  private mutating func keys() throws {
    let (wrapped, plain) = (scratch.file("wrapped"), scratch.file("unwrapped"))
    try print("Key", "key create", "disk", "--purpose", "disk", "--rotate-after", "90d")
    try print("Key", "key import", "brought", scratch.file("secret"), "--max-uses", "1")
    try print("Key", "key wrap", "disk", "--in", scratch.file("secret"), "--out", wrapped)
    try print("Key", "key unwrap", "disk", "--in", wrapped, "--out", plain)
    try print("Key", "key export", "brought", "--plaintext", "--out", scratch.file("exported"))
    try print("Key", "key policy", "disk", "--max-uses", "1000")
    try print("Key", "key due")
    try print("Key", "key rotate", "disk")
    try print("Key", "key suspend", "disk")
    try print("Key", "key resume", "disk")
    try print("KEK rotation", "key rotate", "--kek")
    try print("KEK rotation", "key migrate", "--to", "x-wing")
    try print("Key", "key list")
    try sharing()
  }

  private mutating func sharing() throws {
    let (owner, sealed) = (scratch.file("owner"), scratch.file("sealed"))
    try print("Recipient", "key recipient create", "--out", owner)
    try print("Key", "key export", "disk", "--recipient", owner + ".pub", "--out", sealed)
    try print("Opened key", "key open", sealed, "--identity", owner + ".key", "--out", scratch.file("opened"))
    try print("KEK escrow", "key escrow", "--recipient", owner + ".pub", "--out", scratch.file("escrow"))
    try print(
      "KEK escrow", "key escrow", "--shares", "3", "--threshold", "2", "--out", scratch.file("shares"))
  }

  /// In a state directory of its own, whose root key is lost.
  private mutating func recovery() throws {
    let fresh = ["--state-dir", scratch.file("lost")]
    try print("Key", "key create", ["disk"] + fresh)
    try print(
      "KEK escrow", "key escrow",
      ["--recipient", scratch.file("owner.pub"), "--out", scratch.file("escrowed")] + fresh)
    try FileManager.default.removeItem(atPath: scratch.file("lost/vault/root.key"))
    try print("Vault", "vault init", ["--seal", "file", "--replace-lost"] + fresh)
    try print(
      "Recovered KEK", "key recover",
      [scratch.file("escrowed/escrow-1"), "--identity", scratch.file("owner.key")] + fresh)
  }

  private mutating func keysUsed() throws {
    try print("Key details", "key show", "disk")
    try print("Key", "key revoke", "brought", "--reason", "ceased")
    try print("Key", "key destroy", "brought")
  }

  private mutating func definitions() throws {
    try print("Domain document", "define", "--dry-run", scratch.file("g.yaml"))
    try print("Guest", "define", scratch.file("g.yaml"))
    try print("Guest", "create", scratch.file("plain.yaml"))
    try print("Guest", "list", "--all")
    for verb in ["reset", "reboot", "shutdown", "undefine"] { try print("Guest", verb, "plain") }
    try print("Domain document", "dumpxml", "g")
    try print("Digest prediction", "measure", "--guest", "g", "--explain")
    try references()
  }

  private mutating func references() throws {
    try scratch.write("kernel", to: "kernel")
    let boot = scratch.file("kernel")
    let file = try scratch.write(
      guest("r") + "kernel: \(boot)\ninitrd: \(boot)\ncmdline: quiet\n",
      to: "r.yaml")
    let out = scratch.file("reference")
    try print(
      "Reference value", "measure record", "--guest-file", file, "r", "--valid-until", "2199-01-01")
    try print("Reference value", "measure record export", "r", "--out", out)
    try print("Reference value", "measure record import", out, "--name", "s")
    try print("Reference value", "measure record list")
    try print("Reference value", "measure record show", "r")
    try print("Deleted reference value", "measure record delete", "s")
  }

  private mutating func idBlocks() throws {
    let igvm = try scratch.write(Data(ExampleIGVM.file), to: "plain.igvm")
    let keys = try [
      scratch.write(ExampleKey.pem(1), to: "id.pem", mode: 0o600),
      scratch.write(ExampleKey.pem(2), to: "author.pem", mode: 0o600),
    ]
    try print(
      "ID block", "idblock create",
      ["--igvm", igvm, "--id-key", keys[0], "--author-key", keys[1], "--binary", "--out", scratch.file("id")])
    let files = [scratch.file("id_idblock.bin"), scratch.file("id_idauth.bin")]
    try print("ID block", "idblock show", files)
    try print(
      "ID block verification", "idblock verify",
      files + ["--measurement", String(repeating: "00", count: 48)], status: 10)
    let bytes = try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
    let signed = try scratch.write(Data(ExampleIGVM.file(block: bytes[0], auth: bytes[1])), to: "x.igvm")
    try print("IGVM prediction", "measure", "--igvm", signed)
  }

  private mutating func launchInPieces() throws {
    let session = scratch.file("session")
    try print("Session", "session create", "--host", "sim:///", "--policy", "0x3", "--out", session)
    try print("Session", "session show", session)
    try print("Session", "session verify", session, "--policy", "0x3")
    try print("Launch record", "start", "g", "--paused", "--session", session)
    let info = try print("Launch security", "domlaunchsecinfo", "g")
    let measurement = try info.object().string("measurement") ?? ""
    let keys = ["--tik", session + "_tik.bin", "--tek", session + "_tek.bin", "--measurement", measurement]
    // Another digest: the measurement cannot match.
    let version = ["--api-major", "1", "--api-minor", "55", "--build-id", "21", "--policy", "0x3"]
    try print(
      "Launch verification", "launch verify",
      keys + version + ["--digest", String(repeating: "00", count: 32)], status: 10)
    let packet = scratch.file("packet")
    try print(
      "Secret packet", "secret build",
      keys + ["--secret", "luks-key:" + scratch.file("secret"), "--out", packet, "--base64"])
    try print("Secret packet", "secret show", [packet] + keys)
    try print(
      "Guest", "domsetlaunchsecstate",
      ["g", "--secrethdr", packet + "_header.bin", "--secret", packet + "_payload.bin"])
    try print("Guest", "resume", "g")
    try print("Guest", "destroy", "g")
  }

  private mutating func launchAtOnce() throws {
    try print("Launch record", "start", "g", "--paused")
    try print("Launch verification", "launch verify", "g")
    try print("Launch record", "secret inject", "g", "--secret", "d=key:disk")
    try keysUsed()
    try print("Guest", "resume", "g")
    try print("Launch record", "launch show", "g")
    try print("Launch record", "launch history")
    for verb in ["domstate", "domid", "domuuid", "domname"] { try print("Guest", verb, "g") }
    try print("Guest details", "dominfo", "g")
    try print("Memory range", "sim memory", "g")
    try print("Memory", "sim memory", "g", "--address", "0xfffff000", "--count", "16")
    try print("Guest", "suspend", "g")
  }

  private mutating func tenants() throws {
    try print("Tenant", "tenant create", "acme", "--label", "tier=gold")
    try print("Tenant", "tenant label", "acme", "team=a")
    try print("Tenant", "tenant suspend", "acme")
    try print("Tenant", "tenant resume", "acme")
    try print("Tenant", "tenant show", "acme")
    try print("Tenant", "tenant list")
    let token = try print("Tenant token", "tenant token create", "acme", "--out", scratch.file("token"))
    try print("Tenant token", "tenant token list")
    try print("Tenant token", "tenant token revoke", [try token.object().string("id") ?? ""])
    // A launch leaves the tenant a key that seals others.
    try print("Guest", "define", ["--tenant", "acme", try scratch.write(guest("acmes"), to: "acmes.yaml")])
    try print("Launch record", "start", "acmes", "--tenant", "acme")
    try print("Guest", "destroy", "acmes", "--tenant", "acme")
    try print(
      "KEK escrow", "key escrow",
      ["--tenant", "acme", "--recipient", scratch.file("owner.pub"), "--out", scratch.file("acmes")])
    try print("Tenant", "tenant show", "acme")
    let certificate = scratch.file("certificate")
    try print(
      "Certificate of destruction", "tenant destroy", "acme", "--crypto-erase", "--yes", "--out", certificate)
    let keys = try cvmctl.succeed("audit", "key", "-o", "table").stdout
    try print("Certificate of destruction", "audit verify", "--certificate", certificate, "--key", keys)
    try print("Guest", "undefine", "acmes", "--tenant", "acme")
    try print("Tenant", "tenant delete", "acme")
  }

  /// A guest file.
  private func guest(_ name: String) -> String {
    "name: \(name)\nmemory: 64MiB\nfirmware: \(scratch.file("firmware"))\nlaunch: {type: sev}\n"
  }

  private mutating func hosts() throws {
    let sev = scratch.file("sev.cert")
    let ca = scratch.file("ca.cert")
    try print("Host check", "host check")
    try print("Host information", "host info")
    try print("Certificate export", "host certs export", sev, "--ca", ca)
    try print(
      "Certificate verification", "host certs verify", ["--sev", sev, "--ca", ca, "--allow-simulated"])
    try print(
      "Certificate verification", "host certs import", ["--cek", sev, "--ca", ca, "--allow-simulated"])
    try print("Node SEV information", "nodesevinfo")
    try print("Host document", "capabilities")
    try print("Host document", "domcapabilities")
    try print("Host word", "uri")
    try print("Host word", "hostname")
    try print("Version", "version")
    try print("Simulated host", "sim host create", "other")
    try print("Simulated host", "sim host show", "other")
    try print("Simulated host", "sim host list")
    try print("Setting", "config show")
  }

  private mutating func auditLog() throws {
    try print("Audit key", "audit key")
    try print("Audit record", "audit list")
    try print("Audit record", "audit show", "2", "--all-tenants")
    try print("Audit head", "audit anchor", "--out", scratch.file("head"))
    try print("Audit verification", "audit verify", "--anchor", scratch.file("head"))
    try print("Audit proof", "audit prove", "2", "--all-tenants", "--out", scratch.file("proof"))
    try print(
      "Audit consistency", "audit prove", "--from", scratch.file("head"), "--out", scratch.file("continues"))
    try print("Audit key", "audit rekey")
  }

  private mutating func errors() throws {
    documents.append(Document(section: "Error", text: try cvmctl.run("dominfo", "nobody").stderr))
    documents.append(
      Document(section: "Error", text: try cvmctl.run("--debug", "shutdown", "nobody", "noone").stderr))
    let short = try scratch.write("short", to: "short")
    let outcome = try cvmctl.run(["host", "certs", "verify", "--sev", short, "--ca", short])
    documents.append(Document(section: "Error", text: outcome.stderr))
  }

  @discardableResult
  private mutating func print(_ section: String, _ command: String, _ arguments: String...) throws -> Outcome
  {
    try print(section, command, arguments)
  }

  @discardableResult
  private mutating func print(
    _ section: String, _ command: String, _ arguments: [String], status: Int32 = 0
  ) throws -> Outcome {
    let words = command.split(separator: " ").map(String.init)
    let outcome = try cvmctl.run(words + arguments)
    guard outcome.status == status else {
      throw HarnessError("cvmctl \(command): exit \(outcome.status): \(outcome.stderr)")
    }
    if status != 0 { documents.append(Document(section: "Error", text: outcome.stderr)) }
    documents.append(Document(section: section, text: outcome.stdout))
    commands.insert(command)
    return outcome
  }
}
