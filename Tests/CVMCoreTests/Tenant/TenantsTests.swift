import CVMCore
import StateStore
import Testing

@Suite("tenants") struct TenantsTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  @Test func `are made once, with labels, and default is there from the start`() throws {
    let made = try desk.core.createTenant("acme", labels: [("team", "a"), ("tier", "gold")])
    #expect(made.state == "active" && made.labels == ["team": "a", "tier": "gold"])
    guard
      case .alreadyExists(.tenant, "acme")? = refusal({ _ = try desk.core.createTenant("acme", labels: []) })
    else {
      Issue.record("made twice")
      return
    }
    #expect(try desk.core.tenants().map(\.name) == ["acme", "default"])
    #expect(try desk.audit(tenant: "acme") == ["tenant.create done"])
  }

  @Test func `count what they own, and nothing of another's`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start()
    let acme = try desk.core(tenant: "acme")
    let own = try desk.core.tenantOverview("default")
    #expect((own.guests, own.launches, own.keys) == (1, 1, 0))  // the vault's own key is none of the tenant's
    let other = try acme.tenantOverview("acme")
    #expect((other.guests, other.launches, other.keys) == (0, 0, 0))
    #expect(try desk.core.tenants() == [other, own])
  }

  @Test func `get labels and lose them`() throws {
    _ = try desk.core.createTenant("acme", labels: [("a", "1"), ("b", "2")])
    let labelled = try desk.core.labelTenant("acme", [("b", "3"), ("c", "4")], removing: ["a"])
    #expect(labelled.labels == ["b": "3", "c": "4"])
    guard case .conflict? = refusal({ _ = try desk.core.labelTenant("acme", [], removing: ["a"]) }) else {
      Issue.record("removed what is not there")
      return
    }
  }

  @Test(arguments: ["nosuch", "default2"])
  func `that are not there are not found, whoever asks for what`(_ name: String) throws {
    for act in [
      { _ = try desk.core.tenantOverview(name) }, { _ = try desk.core.suspendTenant(name) },
      { _ = try desk.core.resumeTenant(name) }, { _ = try desk.core.deleteTenant(name) },
      { _ = try desk.core.destroyTenant(name) },
      { _ = try desk.core.labelTenant(name, [], removing: []) },
      { _ = try desk.core.createToken(of: name, file: desk.scratch.file("token")) },
      { _ = try desk.core.tokens(of: name) }, { _ = try desk.core(named: name).guests(GuestFilter()) },
      { _ = try desk.core(named: name).policies(allVersions: false) },
    ] as [() throws -> Void] {
      guard case .notFound(.tenant, name)? = refusal(act) else {
        Issue.record("found")
        return
      }
    }
    #expect(!desk.scratch.names.contains("token"))
  }

  @Test func `are deleted when they own nothing, and say what they still have`() throws {
    let acme = try desk.core(tenant: "acme")
    _ = try acme.createPolicy("p", "0x3", type: .sev, note: "")
    _ = try acme.define(
      DefinitionSource(try desk.scratch.write(desk.yaml([]), to: "g.yaml")), DefinitionOverrides())
    guard case .store(.conflict(_, _, let reason))? = refusal({ _ = try desk.core.deleteTenant("acme") })
    else {
      Issue.record("deleted")
      return
    }
    #expect(reason == "still has 1 guest, 1 policy version")
    _ = try desk.core.createTenant("empty", labels: [])
    _ = try desk.core.createToken(of: "empty", file: desk.scratch.file("token"))
    _ = try desk.core.deleteTenant("empty")
    #expect(try desk.core.tenants().map(\.name) == ["acme", "default"])
    #expect(try desk.audit(tenant: "empty").last == "tenant.delete done")
    for act in [
      { _ = try desk.core.deleteTenant("default") }, { _ = try desk.core.destroyTenant("default") },
    ] as [() throws -> Void] {
      guard case .conflict? = refusal(act) else {
        Issue.record("default is gone")
        return
      }
    }
  }

  @Test func `are changed by no read-only connection`() throws {
    _ = try desk.core.createTenant("acme", labels: [])
    let reader = try desk.core(readOnly: true)
    for act in [
      { _ = try reader.createTenant("new", labels: []) }, { _ = try reader.suspendTenant("acme") },
      { _ = try reader.resumeTenant("acme") }, { _ = try reader.deleteTenant("acme") },
      { _ = try reader.destroyTenant("acme") },
      { _ = try reader.labelTenant("acme", [("a", "b")], removing: []) },
      { _ = try reader.createToken(of: "acme", file: desk.scratch.file("token")) },
      { _ = try reader.revokeToken("x") },
    ] as [() throws -> Void] {
      guard case .backend(.permission)? = refusal(act) else {
        Issue.record("changed")
        return
      }
    }
    #expect(try reader.tenantOverview("acme").state == "active")
  }
}
