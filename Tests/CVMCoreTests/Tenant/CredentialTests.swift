import CVMCore
import CVMCrypto
import Foundation
import StateStore
import Testing

@Suite("a tenant's credential") struct CredentialTests {
  let desk: Desk
  let credential: SecretBytes
  let token: TenantToken

  init() throws {
    desk = try Desk()
    _ = try desk.core(tenant: "acme")
    token = try desk.core.createToken(of: "acme", file: desk.scratch.file("token"))
    credential = try Credential.read(desk.scratch.file("token"))
  }

  /// The core of its holder, who names a tenant or not.
  private func holder(_ named: String? = nil) throws -> Core {
    try desk.core(named: named, credential: credential)
  }

  private func isForbidden(_ act: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
    guard case .forbidden? = refusal(act) else {
      Issue.record("allowed", sourceLocation: sourceLocation)
      return
    }
  }

  @Test func `is 32 random bytes in a new file for its owner alone, and nowhere in the store`() throws {
    let file = desk.scratch.file("token")
    let bytes = try #require(FileManager.default.contents(atPath: file))
    #expect(bytes.count == 32)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let state = desk.scratch.file("state")
    for name in try FileManager.default.subpathsOfDirectory(atPath: state) {
      let content = FileManager.default.contents(atPath: "\(state)/\(name)") ?? Data()
      #expect(content.range(of: bytes) == nil, "\(name)")
    }
    _ = try desk.core.createToken(of: "acme", file: desk.scratch.file("second"))
    #expect(FileManager.default.contents(atPath: desk.scratch.file("second")) != bytes)
    guard case .file(_, .exists)? = refusal({ _ = try desk.core.createToken(of: "acme", file: file) }) else {
      Issue.record("written over")
      return
    }
    #expect(FileManager.default.contents(atPath: file) == bytes)
    #expect(try desk.core.tokens(of: "acme").count == 2)
  }

  @Test func `makes its holder act for its tenant alone`() throws {
    #expect(try holder().tenant == "acme")
    #expect(try holder("acme").tenant == "acme")
    #expect(try holder().tenants().map(\.name) == ["acme"])
    for name in ["default", "nosuch"] {
      guard case .notFound(.tenant, name)? = refusal({ _ = try holder(name) }) else {
        Issue.record("acts for \(name)")
        return
      }
      guard case .notFound(.tenant, name)? = refusal({ _ = try holder().tenantOverview(name) }) else {
        Issue.record("sees \(name)")
        return
      }
    }
  }

  @Test func `is named in the audit log in its holder's place`() throws {
    _ = try holder().createPolicy("p", "0x3", type: .sev, note: "")
    let store = try StateStore(path: desk.scratch.file("state"), access: .readOnly, at: .now())
    #expect(try store.auditEntries(tenant: "acme").last?.record.actor == "token:\(token.id)")
  }

  @Test func `allows nothing that is the operator's`() throws {
    let core = try holder()
    isForbidden { _ = try core.createTenant("new", labels: []) }
    isForbidden { _ = try core.labelTenant("acme", [("a", "b")], removing: []) }
    isForbidden { _ = try core.suspendTenant("acme") }
    isForbidden { _ = try core.resumeTenant("acme") }
    isForbidden { _ = try core.deleteTenant("acme") }
    isForbidden { _ = try core.destroyTenant("acme") }
    isForbidden { _ = try core.createToken(of: "acme", file: desk.scratch.file("more")) }
    isForbidden { _ = try core.revokeToken(token.id) }
    isForbidden { _ = try core.guests(GuestFilter(), ofEveryTenant: true) }
    #expect(try desk.core.tenants().map(\.name) == ["acme", "default"])
    #expect(try desk.core.tenantOverview("acme").labels.isEmpty)
  }

  @Test func `of another tenant is as absent as one that there is not`() throws {
    _ = try desk.core(tenant: "rival")
    let other = try desk.core.createToken(of: "rival", file: desk.scratch.file("other"))
    let core = try holder()
    #expect(try core.tokens(of: nil) == [token])
    for id in [other.id, String(repeating: "0", count: 16)] {
      guard case .notFound(.token, id)? = refusal({ _ = try core.revokeToken(id) }) else {
        Issue.record("revoked")
        return
      }
    }
    #expect(try desk.core.tokens(of: nil).map(\.id).sorted() == [token.id, other.id].sorted())
  }

  @Test func `is not accepted once it is revoked, or when it is another's 32 bytes`() throws {
    isForbidden { _ = try desk.core(named: nil, credential: try SecretBytes.random(32)) }
    _ = try desk.core.revokeToken(token.id)
    isForbidden { _ = try holder() }
    #expect(try desk.core.tokens(of: nil).isEmpty)
  }

  @Test(arguments: [0, 31, 33])
  func `of another length is none`(_ count: Int) throws {
    let file = try desk.scratch.write([UInt8](repeating: 7, count: count), to: "bad")
    #expect(refusal { _ = try Credential.read(file) } != nil)
  }

  @Test func `that others can read is refused`() throws {
    let file = try desk.scratch.write([UInt8](repeating: 7, count: 32), to: "open", mode: 0o640)
    guard case .file(_, .tooOpen)? = refusal({ _ = try Credential.read(file) }) else {
      Issue.record("read")
      return
    }
  }

  @Test func `shows no guest that nobody recorded, and defines none anew`() throws {
    let bare = try Desk()
    let guest = try bare.define("launch: {type: sev}")
    let stored = try #require(bare.host.stored)
    _ = try desk.host.define(xml: stored)
    #expect(try desk.core.guests(GuestFilter()).count == 1)
    let core = try holder()
    #expect(try core.guests(GuestFilter()).isEmpty)
    guard case .notFound? = refusal({ _ = try core.summary("web1") }) else {
      Issue.record("seen")
      return
    }
    let file = try desk.scratch.write(desk.yaml(["name: web1", "uuid: \(guest.uuid)"]), to: "g.yaml")
    guard
      case .alreadyExists? = refusal({ _ = try core.define(DefinitionSource(file), DefinitionOverrides()) })
    else {
      Issue.record("taken over")
      return
    }
  }

  @Test func `leads to the same questions for another tenant's guest as for none`() throws {
    let guest = try desk.define("launch: {type: sev}")
    let id = try #require(desk.start().guest.id)
    // The host answers slower for what it has: a holder's name or UUID does not get there.
    for (core, last) in [(try holder(), nil), (try desk.core(tenant: "acme"), "name")] {
      for (theirs, nobodys) in [
        ("web1", "web9"), (guest.uuid.rawValue, "8f0752f4-4131-437c-b071-12cbe79d4e3c"),
        ("\(id)", "\(id + 1)"),
      ] {
        let questions = [theirs, nobodys].map { name in
          desk.host.forgetCalls()
          guard case .notFound(.guest, name)? = refusal({ _ = try core.summary(name) }) else {
            return ["found \(name)"]
          }
          return desk.host.questions
        }
        #expect(questions[0] == questions[1])
        #expect(questions[0].last == last ?? (theirs == "\(id)" ? "id" : nil))
      }
    }
  }
}
