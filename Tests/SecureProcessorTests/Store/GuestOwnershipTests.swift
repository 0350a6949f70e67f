import Glibc
import SEV
import SecureProcessor
import Testing

@Suite("Guests of a process") struct GuestOwnershipTests {
  private func launchOwned(_ platform: Platform) throws -> GuestOwnership {
    var transaction = try platform.open().begin()
    let handle = try Platform.launch(&transaction.processor).handle
    let ownership = try #require(try transaction.own(handle))
    try transaction.processor.launchFinish(handle)
    try transaction.commit()
    return ownership
  }

  private func guestCount(_ platform: Platform) throws -> UInt32 {
    try platform.open().begin().processor.platformStatus().guestCount
  }

  @Test func `a guest lives as long as its ownership`() throws {
    let platform = try Platform()
    var ownership: GuestOwnership? = try launchOwned(platform)
    #expect(try guestCount(platform) == 1)
    #expect(try platform.folder.names("platform/guests") == ["0001.context", "0001.owner"])
    #expect(ownership?.handle == 1)
    ownership = nil
    #expect(try guestCount(platform) == 0)
    #expect(try platform.folder.names("platform/guests") == [])
    #expect(try platform.open().snapshot().platformStatus().guestCount == 0)
  }

  @Test func `a guest without owner stays`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    _ = try launchOwned(platform)
    #expect(try guestCount(platform) == 1)
    #expect(try platform.folder.names("platform/guests") == ["0001.context"])
  }

  @Test func `an inherited descriptor keeps the guest alive`() throws {
    let platform = try Platform()
    var ownership: GuestOwnership? = try launchOwned(platform)
    let (descriptor, id) = try #require(ownership.map { (dup($0.descriptor), $0.contextID) })
    ownership = nil
    #expect(try guestCount(platform) == 1)
    ownership = GuestOwnership(adopting: descriptor, handle: 1, contextID: id)
    #expect(try guestCount(platform) == 1)
    ownership = nil
    #expect(try guestCount(platform) == 0)
    #expect(ownership == nil)
  }

  @Test func `the ASID of an abandoned guest is dirty`() throws {
    let platform = try Platform(ProcessorModel(maxASID: 1, minSEVASID: 1))
    _ = try launchOwned(platform)
    var transaction = try platform.open().begin()
    #expect(transaction.processor.platform.asids.isDirty(1))
    #expect(try Platform.launch(&transaction.processor).handle == 1)
  }

  @Test func `a damaged context does not keep an abandoned guest`() throws {
    let platform = try Platform()
    _ = try launchOwned(platform)
    try platform.folder.write([0], to: "platform/guests/0001.context")
    #expect(try guestCount(platform) == 0)
  }

  @Test func `an owner file that vanished ends the guest`() throws {
    let platform = try Platform()
    let ownership = try launchOwned(platform)
    #expect(unsafe unlink(platform.path + "/guests/0001.owner") == 0)
    #expect(try guestCount(platform) == 0)
    #expect(ownership.handle == 1)
  }

  @Test func `nobody can own a guest that is not there`() throws {
    let platform = try Platform()
    var transaction = try platform.open().begin()
    #expect(try transaction.own(5) == nil)
  }
}
