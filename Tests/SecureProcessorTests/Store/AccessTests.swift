import Foundation
import SecureProcessor
import Testing

@Suite("Who may have state files") struct AccessTests {
  private func expectPermission(_ platform: Platform, _ what: String) {
    do {
      var transaction = try platform.open(timeout: 1).begin()
      try transaction.load(1)
      Issue.record("\(what) was accepted")
    } catch let error as PlatformError {
      guard case .permission = error else {
        Issue.record("\(what): \(error)")
        return
      }
    } catch {
      Issue.record("\(what): \(error)")
    }
  }

  private static let files = ["", "/guests", "/lock", "/chip", "/platform", "/guests/0001.context"]

  @Test(arguments: files, [0o640, 0o602, 0o777])
  func `wider modes are refused`(_ name: String, _ mode: Int) throws {
    let platform = try Platform()
    _ = try platform.launch()
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: platform.path + name)
    expectPermission(platform, "mode \(String(mode, radix: 8)) of '\(name)'")
  }

  @Test(arguments: files) func `a symbolic link is not followed`(_ name: String) throws {
    let platform = try Platform()
    _ = try platform.launch()
    let manager = FileManager.default
    let elsewhere = platform.folder.path + "/elsewhere"
    try manager.moveItem(atPath: platform.path + name, toPath: elsewhere)
    try manager.createSymbolicLink(atPath: platform.path + name, withDestinationPath: elsewhere)
    expectPermission(platform, "a link for '\(name)'")
  }

  @Test(arguments: files.dropFirst(2)) func `a file with a second name is refused`(_ name: String) throws {
    let platform = try Platform()
    _ = try platform.launch()
    try FileManager.default.linkItem(atPath: platform.path + name, toPath: platform.folder.path + "/second")
    expectPermission(platform, "a second name for '\(name)'")
  }

  @Test(arguments: files.dropFirst(2)) func `a FIFO or a directory does not stop the program`(_ name: String)
    throws
  {
    let platform = try Platform()
    _ = try platform.launch()
    try FileManager.default.removeItem(atPath: platform.path + name)
    #expect(unsafe mkfifo(platform.path + name, 0o600) == 0)
    expectPermission(platform, "a FIFO for '\(name)'")
  }

  @Test func `an absent platform is told as such`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: PlatformError.notFound(path: folder.path + "/none")) {
      _ = try PlatformDirectory(path: folder.path + "/none")
    }
  }
}
