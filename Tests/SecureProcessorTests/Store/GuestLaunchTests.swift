import SEV
import SecureProcessor
import Testing

@Suite("A launch without the platform's lock") struct GuestLaunchTests {
  private static let request = LaunchStart(policy: SEVPolicy(rawValue: 1))

  private func begin(_ platform: Platform) throws -> GuestLaunch {
    var transaction = try platform.open().begin()
    let handle = try transaction.processor.launch(Self.request, entropy: SystemEntropy())
    guard let launch = try transaction.detach(handle) else {
      throw PlatformError.launchIncomplete(handle: handle)
    }
    try transaction.commit()
    return launch
  }

  @Test func `others have their turn meanwhile, and see the guest in the table`() throws {
    let platform = try Platform()
    var launch = try begin(platform)
    var other = try platform.open(timeout: 0).begin()
    #expect(other.processor.guests[launch.handle]?.contextID == launch.contextID)
    #expect(try other.isDetached(launch.handle))
    let next = try other.processor.launch(Self.request, entropy: SystemEntropy())
    #expect(
      next != launch.handle
        && other.processor.guests[next]?.asid != other.processor.guests[launch.handle]?.asid)
    _ = consume other
    _ = try launch.processor.launchMeasure(launch.handle, entropy: SystemEntropy())
    try launch.store()
    let handle = launch.handle
    _ = consume launch
    var later = try platform.open(timeout: 0).begin()
    #expect(try !later.isDetached(handle))
    try later.load(handle)
    #expect(try later.processor.guestStatus(handle).state == .launchSecret)
    try later.processor.launchFinish(handle)
    try later.commit()
  }

  @Test func `what is not measured is not stored`() throws {
    let platform = try Platform()
    let launch = try begin(platform)
    let error = #expect(throws: PlatformError.self) { try launch.store() }
    #expect(error == .launchIncomplete(handle: launch.handle))
    #expect(try platform.folder.names("platform/guests") == [])
  }

  @Test func `a guest has one launch, and none without a guest`() throws {
    let platform = try Platform()
    let launch = try begin(platform)
    var transaction = try platform.open().begin()
    let again = try transaction.detach(launch.handle) == nil
    let unknown = try transaction.detach(77) == nil
    #expect(again && unknown)
  }
}
